import type { Exchange } from './exchange';
import { type PhpInput, isMap } from './php-query';
import type { RequestLog } from './portal-state';

export type Credentials =
  | { readonly via: 'bearer' | 'body' | 'query'; readonly token: string }
  | { readonly via: 'webhook'; readonly userId: number; readonly secret: string }
  | { readonly via: 'none' };

/** One HTTP request to `/rest/` as the portal reads it (docs/bitrix24-rules.md#values). */
export interface RestCall {
  readonly method: string;
  readonly params: PhpInput;
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
  const body = exchange.body();
  const params: PhpInput = { ...exchange.query, ...body };
  const tokenInUrl = isToken(exchange.query['auth']) || isToken(exchange.query['access_token']);
  const credentials = webhookOf(segments) ?? tokenOf(exchange, body);
  delete params['auth'];
  delete params['access_token'];
  const method = (segments.at(-1) ?? '').replace(/\.(json|xml)$/i, '');
  return { method, params, credentials, tokenInUrl, authVia: credentials.via };
}

/** The names of the commands inside a batch. */
export function nestedMethods(call: RestCall): string[] {
  if (call.method.toLowerCase() !== 'batch') return [];
  const spelled = Object.keys(call.params).filter((name) => name.toUpperCase() === 'CMD');
  const cmd = call.params[spelled.at(-1) ?? ''];
  const commands = Array.isArray(cmd) ? (cmd as unknown[]) : isMap(cmd) ? Object.values(cmd) : [];
  return commands.filter((command) => typeof command === 'string').map((command) => command.split('?')[0] ?? '');
}

function webhookOf(segments: readonly string[]): Credentials | undefined {
  const [userId = '', secret = ''] = segments;
  if (segments.length < 3 || !/^\d+$/.test(userId)) return undefined;
  return { via: 'webhook', userId: Number(userId), secret };
}

/** `Authorization: Bearer` wins over everything, the body wins over the query. */
function tokenOf(exchange: Exchange, body: PhpInput): Credentials {
  const bearer = /^Bearer\s+(\S+)$/i.exec(exchange.header('authorization'))?.[1];
  if (bearer !== undefined) return { via: 'bearer', token: bearer };
  for (const [via, source] of [
    ['body', body],
    ['query', exchange.query],
  ] as const) {
    const token = [source['auth'], source['access_token']].find(isToken);
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
