import type { Operation } from '../support/api-document';
import type { WireBytes } from './wire';

/** The kind of key that a request carries. */
export type KeyKind = 'admin' | 'few' | 'expired' | 'wrong' | 'none';

/** A request before it is serialized: twists can still change its fields. */
export interface Sketch {
  readonly operation: Operation;
  readonly method: string;
  /** The path as it is written in the request line, with its parameters filled in. */
  readonly path: string;
  /** The query without the question mark. */
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly key: KeyKind;
  /** A value that is serialized later. */
  readonly json?: unknown;
  /** Raw body, sent in place of `json`. */
  readonly text?: string;
  readonly framing: Framing;
  /** Raw bytes, sent in place of the whole request. */
  readonly raw?: string;
}

/**
 * How a body is sent: with its length, in chunks, cut off in the middle by closing the connection or by hanging up, or
 * with a wrong length.
 */
export type Framing = 'length' | 'chunks' | 'half' | 'gone' | 'too long' | 'too short' | 'both' | 'no number';

/** A JSON number, or invalid JSON, that JSON.stringify would not write. */
export class Literal {
  constructor(readonly text: string) {}
}

/** The fields of an object as pairs: a name may be `__proto__` or occur twice. */
export class Fields {
  constructor(readonly pairs: readonly (readonly [string, unknown])[]) {}
}

/** Percent-encodes a text; half a surrogate pair becomes U+FFFD. */
export function percent(text: string): string {
  return encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'));
}

export function jsonOf(value: unknown): string {
  if (value instanceof Literal) return value.text;
  if (value instanceof Fields)
    return `{${value.pairs.map(([name, it]) => `${JSON.stringify(name)}:${jsonOf(it)}`).join()}}`;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  return jsonOf(new Fields(Object.entries(value).filter(([, it]) => it !== undefined)));
}

/**
 * Serializes a request: the request line and headers as Latin-1, since they may contain any byte, the body as UTF-8.
 */
export function wireOf(sketch: Sketch, authorization: string | undefined): WireBytes {
  const { method, path, query, headers, raw, framing } = sketch;
  if (raw !== undefined) return { method: 'GET', bytes: Buffer.from(raw, 'latin1'), then: 'closes' };
  const text = sketch.text ?? (sketch.json === undefined ? undefined : jsonOf(sketch.json));
  const body = text === undefined ? undefined : Buffer.from(text, 'utf8');
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const own: [string, string][] = [
    ['Host', 'gateway.test'],
    ...(authorization === undefined ? [] : [['Authorization', authorization] as [string, string]]),
    ...(body ? [['Content-Type', 'application/json'] as [string, string]] : []),
  ];
  const lines = [...own.filter(([name]) => !named.has(name.toLowerCase())), ...headers, ...lengthsOf(framing, body)];
  const head = [`${method} ${path}${query && `?${query}`} HTTP/1.1`, ...lines.map((it) => it.join(': '))].join('\r\n');
  const bytes = Buffer.concat([Buffer.from(`${head}\r\n\r\n`, 'latin1'), framed(framing, body)]);
  const cut = framing === 'half' || framing === 'too long';
  return { method, bytes, then: framing === 'gone' ? 'is gone' : cut ? 'closes' : 'waits' };
}

function lengthsOf(framing: Framing, body: Buffer | undefined): [string, string][] {
  if (!body) return [];
  const length = (bytes: number | string): [string, string] => ['Content-Length', `${bytes}`];
  const chunked: [string, string] = ['Transfer-Encoding', 'chunked'];
  switch (framing) {
    case 'length':
    case 'half':
    case 'gone':
      return [length(body.length)];
    case 'chunks':
      return [chunked];
    case 'too long':
      return [length(body.length + 10)];
    case 'too short':
      return [length(Math.max(0, body.length - 3))];
    case 'both':
      return [length(body.length), chunked];
    case 'no number':
      return [length('-1')];
  }
}

function framed(framing: Framing, body = Buffer.alloc(0)): Buffer {
  const middle = Math.floor(body.length / 2);
  if (framing === 'half' || framing === 'gone') return body.subarray(0, middle);
  if (framing !== 'chunks' && framing !== 'both') return body;
  const parts = [body.subarray(0, middle), body.subarray(middle)].filter(({ length }) => length > 0);
  const chunks = parts.flatMap((it) => [Buffer.from(`${it.length.toString(16)}\r\n`), it, Buffer.from('\r\n')]);
  return Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]);
}

/** Formats a request to try by hand: as a curl command where curl can send it, otherwise as bytes. */
export function commandOf(sketch: Sketch, base: string): string {
  const { method, path, query, headers, key, framing, raw } = sketch;
  const authorization = key === 'none' ? undefined : `Bearer $KEY_OF_${key.toUpperCase()}`;
  const { bytes } = wireOf(sketch, authorization);
  if (raw !== undefined || !/^(length|chunks)$/.test(framing))
    return `printf '%b' '${escaped(bytes.toString('latin1'))}' | nc ${new URL(base).host.replace(':', ' ')}`;
  const text = sketch.text ?? (sketch.json === undefined ? undefined : jsonOf(sketch.json));
  const typed = text !== undefined && !headers.some(([name]) => name.toLowerCase() === 'content-type');
  const all = [
    ...(authorization ? [`Authorization: ${authorization}`] : []),
    ...(typed ? ['Content-Type: application/json'] : []),
    ...(framing === 'chunks' ? ['Transfer-Encoding: chunked'] : []),
    ...headers.map((it) => it.join(': ')),
  ];
  const words = [
    `curl -i --path-as-is -X ${quoted(method)} ${quoted(`${base}${path}${query && `?${query}`}`)}`,
    ...all.map((it) => `-H ${it.includes('$KEY_OF') ? `"${it}"` : quoted(it)}`),
    ...(text === undefined ? [] : [`--data-binary ${quoted(text)}`]),
  ];
  return words.join(' \\\n  ');
}

/** Returns short texts unchanged, a long one as its beginning and length. */
function quoted(text: string): string {
  const shown = text.length > 4000 ? `${text.slice(0, 200)}…(${text.length} characters)` : text;
  return /^[\x20-\x7e]*$/.test(shown) && !shown.includes("'") ? `'${shown}'` : `$'${escaped(shown)}'`;
}

function escaped(text: string): string {
  const byte = (code: number) => `\\x${code.toString(16).padStart(2, '0')}`;
  return [...text]
    .map((it) => (/[^\x20-\x7e]|['\\]/.test(it) ? [...Buffer.from(it, 'utf8')].map(byte).join('') : it))
    .join('');
}
