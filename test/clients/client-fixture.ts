import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignClient } from './client-list';

/** One HTTP request as a client sent it, with `{host}` and `{rest}` for what differs from portal to portal. */
export interface RecordedClientRequest {
  readonly method: string;
  /** `{rest}` stands for `/rest/1/{secret}/` of the portal or the gateway. */
  readonly target: string;
  /** `Name: value` in the order and the spelling of the client. */
  readonly headers: readonly string[];
  /** UTF-8 text; absent for an empty body. */
  readonly body?: string;
  /** Instead of `body`, if it is no UTF-8. */
  readonly bodyBase64?: string;
}

/** The requests of one client for each case. */
export interface ClientFixture {
  readonly package: string;
  readonly version: string;
  readonly commit: string;
  readonly cases: Readonly<Record<string, readonly RecordedClientRequest[]>>;
}

const fileOf = (name: string) => join(__dirname, 'fixtures', `${name}.json`);

export function readFixture({ name }: ForeignClient): ClientFixture {
  return JSON.parse(readFileSync(fileOf(name), 'utf8')) as ClientFixture;
}

export function writeFixture(client: ForeignClient, cases: ClientFixture['cases']): void {
  const { name, package: named, version, commit } = client;
  writeFileSync(fileOf(name), `${JSON.stringify({ package: named, version, commit, cases }, null, 2)}\n`);
}

/** The exact bytes of a request to this host, with this path in front of the method. */
export function requestBytes(request: RecordedClientRequest, host: string, rest: string): Buffer {
  const fill = (text: string) => text.replaceAll('{host}', host).replaceAll('{rest}', rest);
  const lines = [`${request.method} ${request.target} HTTP/1.1`, ...request.headers].map(fill);
  const body =
    request.bodyBase64 === undefined ? Buffer.from(request.body ?? '') : Buffer.from(request.bodyBase64, 'base64');
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}
