import { readFileSync } from 'node:fs';
import {
  type IncomingMessage,
  type Server,
  type ServerResponse,
  createServer,
  request as httpRequest,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import type { RecordedClientRequest } from './client-fixture';
import type { SdkRoute } from './sdk-world';

/** A certificate and its key for 127.0.0.1, as PEM files. */
export interface LoopbackCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Stands for the DNS and the TLS in front of a portal or the gateway: sets the `Host` header and records requests. */
export class RecordingProxy {
  readonly recorded: RecordedClientRequest[] = [];

  private constructor(
    private readonly route: SdkRoute,
    private readonly server: Server,
    private readonly scheme: string,
  ) {}

  static async start(route: SdkRoute, certificate?: LoopbackCertificate): Promise<RecordingProxy> {
    const server = certificate === undefined ? createServer() : createTlsServer(pemOf(certificate));
    const proxy = new RecordingProxy(route, server, certificate === undefined ? 'http' : 'https');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void proxy.pass(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** The webhook URL for the client. */
  get webhookUrl(): string {
    const { pathname } = new URL(this.route.base);
    return `${this.scheme}://${this.host}${pathname === '/' ? '' : pathname}/rest/1/${this.route.secret}/`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private get host(): string {
    return `127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    this.recorded.push(this.record(request, body));
    const { host } = new URL(this.route.base);
    const headers = pairs(request.rawHeaders).filter(([name]) => name.toLowerCase() !== 'host');
    const outgoing = httpRequest(`http://${host}`, {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: Object.fromEntries([['Host', this.route.host ?? host], ...headers]),
    });
    const reply = once(outgoing, 'response') as Promise<[IncomingMessage]>;
    outgoing.end(body);
    const [incoming] = await reply;
    response.writeHead(incoming.statusCode ?? 502, incoming.rawHeaders);
    incoming.pipe(response);
  }

  private record({ method = '', url = '', rawHeaders }: IncomingMessage, body: Buffer): RecordedClientRequest {
    const rest = new URL(this.webhookUrl).pathname;
    const hidden = (value: string) => value.replaceAll(this.host, '{host}').replaceAll(rest, '{rest}');
    return {
      method,
      target: hidden(url),
      headers: pairs(rawHeaders).map(([name, value]) => `${name}: ${hidden(value)}`),
      ...bodyOf(body),
    };
  }
}

function bodyOf(body: Buffer): Pick<RecordedClientRequest, 'body' | 'bodyBase64'> {
  if (body.length === 0) return {};
  const utf8 = body.toString();
  return Buffer.from(utf8).equals(body) ? { body: utf8 } : { bodyBase64: body.toString('base64') };
}

function pemOf({ certFile, keyFile }: LoopbackCertificate): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** Node gives raw headers as a flat list of names and values. */
function pairs(rawHeaders: readonly string[]): [string, string][] {
  return rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1] ?? ''] as [string, string]] : []));
}
