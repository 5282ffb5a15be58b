import { ExchangeFailure, hostNotAllowed } from '@b24/portal';
import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { checkedConnect, type AddressFilter } from './checked-connect';
import type { Egress } from './egress';
import { exchangeFailureOf } from './exchange-failure-of';

/** How long a portal may take before its answer begins, and between two pieces of it, in milliseconds. */
const silenceMs = 70_000;

export interface FileRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readable;
  /** Aborts when the caller hangs up; the transfer then ends. */
  readonly signal: AbortSignal;
}

export interface FileResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Ends with an error when the transfer is cut off. */
  readonly body: Readable;
}

export interface FileWireOptions {
  readonly connectTimeoutMs: number;
  readonly mayConnect: AddressFilter;
  readonly egress: Egress;
  /** Checks the URL by name, for each request. */
  readonly isAllowed: (url: URL) => boolean;
}

export interface FileWire {
  /** Transfers one file, and follows no redirect. @throws ExchangeFailure without the URL, which holds secrets */
  readonly send: (url: URL, request: FileRequest) => Promise<FileResponse>;
  readonly close: () => Promise<void>;
}

/** Returns the wire for files of portals, which streams both ways. */
export function fileWire({ connectTimeoutMs, mayConnect, egress, isAllowed }: FileWireOptions): FileWire {
  const dispatcher = new Agent({
    connect: checkedConnect(connectTimeoutMs, mayConnect, egress),
    pipelining: 1,
    keepAliveTimeout: 4000,
  });
  const send: FileWire['send'] = async (url, { method, headers, body, signal }) => {
    if (!isAllowed(url)) throw new ExchangeFailure(false, hostNotAllowed);
    try {
      const answer = await request(url, {
        ...{ dispatcher, method, signal, headersTimeout: silenceMs, bodyTimeout: silenceMs },
        headers: { ...headers, 'user-agent': 'b24-gateway', 'accept-encoding': 'identity' },
        ...(body && { body }),
      });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      throw exchangeFailureOf(error);
    }
  };
  return { send, close: () => dispatcher.destroy() };
}
