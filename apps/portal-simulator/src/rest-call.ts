import type { Exchange } from './exchange';
import { parseUrl } from './parse-url';
import { OrderedArray } from './ordered-array';
import type { RequestLog } from './portal-state';
import { requestParameters, bodyParameters } from './received-parameters';

export type Credentials =
  | { readonly via: 'bearer' | 'body' | 'query'; readonly token: string }
  | { readonly via: 'webhook'; readonly userId: number; readonly secret: string }
  | { readonly via: 'none' };

/** One HTTP request to `/rest/` as the portal reads it (docs/bitrix24-rules.md#values). */
export interface RestCall {
  /** Undefined when the path leads to no method. */
  readonly method: string | undefined;
  /** Without the token. */
  readonly received: OrderedArray;
  readonly credentials: Credentials;
  readonly tokenInUrl: boolean;
  readonly authVia: RequestLog['authVia'];
}

export function readRestCall(exchange: Exchange): RestCall {
  const segments = exchange.path
    .replace(/^\/rest\//, '')
    .split('/')
    .filter(Boolean)
    .map(decodeSegment);
  const received = requestParameters(exchange);
  const { query } = exchange;
  const tokenInUrl = isToken(query['auth']) || isToken(query['access_token']);
  const webhook = webhookOf(segments);
  const credentials = webhook ?? tokenOf(exchange);
  received.delete('auth');
  received.delete('access_token');
  const isMethod = webhook !== undefined || segments.length === 1;
  const method = isMethod ? (segments.at(-1) ?? '').replace(/\.(json|xml)$/i, '') : undefined;
  return { method, received, credentials, tokenInUrl, authVia: credentials.via };
}

/** The commands of a batch; of two spellings of `cmd` the last counts. */
export function commandsOf(received: OrderedArray): OrderedArray {
  const commands = ownParameter(received, 'CMD');
  return commands instanceof OrderedArray ? commands : new OrderedArray();
}

/** A parameter of `batch` itself, whose name may be spelled in any case. */
export function ownParameter(received: OrderedArray, name: string): unknown {
  return [...received].filter(([spelled]) => spelled.toUpperCase() === name).at(-1)?.[1];
}

/** The names of the commands inside a batch. */
export function nestedMethods(call: RestCall): string[] {
  if (call.method?.toLowerCase() !== 'batch') return [];
  const commands = [...commandsOf(call.received)].map(([, command]) => command);
  return commands.filter((command) => typeof command === 'string').map((command) => parseUrl(command).path ?? '');
}

function webhookOf(segments: readonly string[]): Credentials | undefined {
  const [userId = '', secret = ''] = segments;
  if (segments.length !== 3 || !/^\d+$/.test(userId)) return undefined;
  return { via: 'webhook', userId: Number(userId), secret };
}

/** `Authorization: Bearer` wins over everything, the body wins over the query. */
function tokenOf(exchange: Exchange): Credentials {
  const bearer = /^Bearer\s+(\S+)$/i.exec(exchange.header('authorization'))?.[1];
  if (bearer !== undefined) return { via: 'bearer', token: bearer };
  for (const [via, source] of [
    ['body', bodyParameters(exchange)],
    ['query', exchange.queryParameters],
  ] as const) {
    const token = [source.get('auth'), source.get('access_token')].find(isToken);
    if (token !== undefined) return { via, token };
  }
  return { via: 'none' };
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
