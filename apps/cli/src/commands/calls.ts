import type { LoggedCall } from '../api-types';
import type { CommandContext } from '../command-context';
import type { GatewayApi } from '../gateway-api';
import { type Column, type Style, tableOf } from '../output';
import { moment } from '../times';

export interface CallFilterOptions {
  readonly client?: string;
  readonly portal?: string;
  readonly method?: string;
  readonly code?: string;
  readonly failed?: boolean;
}

export interface CallListOptions extends CallFilterOptions {
  readonly limit: number;
  readonly requestId?: string;
  readonly since?: string;
  readonly until?: string;
}

/** The gateway ends a stream after this time; the next one is opened at once. */
const streamSeconds = '3600';

/** Prints the newest calls, the newest last. */
export async function listCalls({ api, paper }: CommandContext, options: CallListOptions): Promise<void> {
  const { limit, requestId, since, until } = options;
  const items = await newestCalls(api, { ...filterOf(options), requestId, since, until }, limit);
  paper.print({ items }, callsTable);
}

/** Prints each call when it is written, one a line, until it is stopped. */
export async function tailCalls({ api, paper }: CommandContext, options: CallFilterOptions): Promise<void> {
  const query = { ...filterOf(options), seconds: streamSeconds };
  for (;;) for await (const call of api.lines<LoggedCall>('/v1/calls/tail', query)) paper.print(call, lineOf);
}

function filterOf({ client, portal, method, code, failed }: CallFilterOptions) {
  return { client, portal, method, code, failed: failed ? 'true' : undefined };
}

/** A page may hold fewer calls than asked for while there is another. */
async function newestCalls(
  api: GatewayApi,
  query: Readonly<Record<string, string | undefined>>,
  limit: number,
): Promise<LoggedCall[]> {
  const items: LoggedCall[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await api.get<{ items: LoggedCall[]; nextCursor?: string }>('/v1/calls', {
      ...query,
      limit: `${Math.min(200, limit - items.length)}`,
      cursor,
    });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === undefined || items.length >= limit) return items.reverse();
  }
}

const columns: readonly Column<LoggedCall>[] = [
  { title: 'ENDED', of: ({ at }) => moment(at) },
  { title: 'BY', of: ({ clientName }) => clientName },
  { title: 'PORTAL', of: ({ portal }) => portal },
  { title: 'METHOD', of: ({ method }) => method },
  { title: 'CODE', of: ({ code }) => code, colour: ({ code }) => (code === 'ok' ? 'green' : 'red') },
  { title: 'MS', of: ({ tookMs }) => `${tookMs}` },
  { title: 'QUEUE', of: ({ queueMs }) => `${queueMs}` },
  { title: 'UPSTREAM', of: ({ upstreamMs }) => `${upstreamMs}` },
  { title: 'COMMANDS', of: ({ commands }) => `${commands}` },
  { title: 'RETRIES', of: ({ retries }) => `${retries}` },
  { title: 'REQUEST ID', of: ({ requestId }) => requestId },
];

function callsTable({ items }: { items: readonly LoggedCall[] }, style: Style): string {
  return items.length === 0 ? 'No such call.' : tableOf(columns, items, style);
}

function lineOf(call: LoggedCall, style: Style): string {
  return tableOf(columns, [call], style).split('\n')[1] ?? '';
}
