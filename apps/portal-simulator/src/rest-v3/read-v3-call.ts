import type { Exchange } from '../exchange';
import { jsonDecode } from '../json-decode';
import { OrderedArray } from '../ordered-array';
import type { Credentials, RestCall } from '../rest-call';
import { V3Refusal } from './v3-refusal';

/** One HTTP request to `/rest/api/`: parameters are read from the JSON body of a POST only. */
export function readV3Call(exchange: Exchange): RestCall & { readonly isJson: boolean } {
  const segments = exchange.path
    .replace(/^\/rest\/+api\//, '')
    .split('/')
    .filter(Boolean);
  const body = bodyOf(exchange);
  const received = body ?? new OrderedArray();
  const credentials = credentialsOf(exchange, segments, received);
  const method = segments.length === 1 || segments.length === 3 ? segments.at(-1) : undefined;
  received.delete('auth');
  return { method, received, credentials, authVia: credentials.via, tokenInUrl: false, isJson: body !== undefined };
}

/** The commands of a batch: a list of `{ method, query }`. */
export function v3Commands(received: OrderedArray): { method: string; received: OrderedArray }[] {
  if (received.has('cmd')) throw V3Refusal.of('INVALIDSELECT', 'Cannot recognize select parameter');
  return [...received].map(([, command]) => {
    const method = command instanceof OrderedArray ? command.get('method') : undefined;
    const query = command instanceof OrderedArray ? command.get('query') : undefined;
    if (typeof method !== 'string') throw V3Refusal.missing('method');
    return { method, received: query instanceof OrderedArray ? query : new OrderedArray() };
  });
}

/** Undefined for a body that is no JSON, or does not say that it is. */
function bodyOf({ httpMethod, received, header }: Exchange): OrderedArray | undefined {
  if (httpMethod !== 'POST' || received.length === 0) return new OrderedArray();
  if (header('content-type').split(';', 1)[0]?.trim() !== 'application/json') return undefined;
  const value = jsonDecode(received.bytes)?.value;
  return value instanceof OrderedArray ? value : undefined;
}

function credentialsOf({ header }: Exchange, segments: readonly string[], body: OrderedArray): Credentials {
  const [userId = '', secret = ''] = segments;
  if (segments.length === 3 && /^\d+$/.test(userId)) return { via: 'webhook', userId: Number(userId), secret };
  const bearer = /^Bearer\s+(\S+)$/i.exec(header('authorization'))?.[1];
  if (bearer !== undefined) return { via: 'bearer', token: bearer };
  const token = body.get('auth');
  return typeof token === 'string' && token !== '' ? { via: 'body', token } : { via: 'none' };
}
