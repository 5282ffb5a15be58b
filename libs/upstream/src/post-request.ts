import { bytesOfPieces, type JsonPieces, type PostBody, type PostOptions } from '@b24/portal';
import { Readable } from 'node:stream';

const plain = { Accept: 'application/json', 'Accept-Encoding': 'identity', 'User-Agent': 'b24-gateway' } as const;

/** Returns the headers of a POST. Their order is that of the request. */
export function headersOf({ type, text }: PostBody, more: PostOptions['headers']): Record<string, string> {
  const headers: Record<string, string> = { 'Content-Type': type, ...plain };
  if (typeof text !== 'string') headers['Content-Length'] = String(bytesOfPieces(text));
  return more ? { ...headers, ...more } : headers;
}

const usual = {
  'application/json': Object.entries(headersOf({ type: 'application/json', text: '' }, undefined)).flat(),
  'application/x-www-form-urlencoded': undefined,
} as const;

/** Returns the same as names and values in turn; one list serves all requests without headers of their own. */
export function headerListOf(body: PostBody, more: PostOptions['headers']): string[] {
  const list = more === undefined && typeof body.text === 'string' ? usual[body.type] : undefined;
  return list ?? Object.entries(headersOf(body, more)).flat();
}

/** Returns the body of a POST; long texts are read piece by piece. */
export function bodyOf({ text }: PostBody): string | Readable {
  return typeof text === 'string' ? text : Readable.from(bytesOf(text));
}

function* bytesOf(pieces: JsonPieces): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (typeof piece === 'string') yield Buffer.from(piece);
    else yield* piece.json();
  }
}
