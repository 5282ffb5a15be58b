import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { Client, CreatedClient } from '../api-types';
import type { CommandContext } from '../command-context';
import { type Column, factsOf, type Style, tableOf } from '../output';
import { CommandFailure } from '../command-failure';
import { when } from '../times';

export interface Expiry {
  readonly expiresAt?: string;
  readonly expiresInDays?: number;
}

export interface NewKey extends Expiry {
  readonly name: string;
  readonly scope: readonly string[];
  readonly portal?: readonly string[];
  readonly method?: readonly string[];
  readonly ratePerSecond?: number;
  readonly burst?: number;
  readonly out?: string;
}

export async function listKeys({ api, paper }: CommandContext): Promise<void> {
  paper.print(await api.get<{ items: readonly Client[] }>('/v1/clients'), keysTable);
}

export async function createKey(hand: CommandContext, { scope, portal, method, out, ...rest }: NewKey): Promise<void> {
  const body = { ...rest, scopes: scope, ...(portal && { portals: portal }), ...(method && { methods: method }) };
  await shownOnce(hand, out, '/v1/clients', body);
}

export async function rotateKey(
  hand: CommandContext,
  id: string,
  { out, ...body }: Expiry & { readonly graceSeconds?: number; readonly out?: string },
): Promise<void> {
  await shownOnce(hand, out, `/v1/clients/${encodeURIComponent(id)}/rotate`, body);
}

export interface KeyChanges extends Expiry {
  readonly name?: string;
  readonly scope?: readonly string[];
  readonly portal?: readonly string[];
  readonly allPortals?: boolean;
  readonly method?: readonly string[];
  readonly allMethods?: boolean;
  readonly neverExpires?: boolean;
  readonly ratePerSecond?: number;
  readonly burst?: number;
  readonly unlimitedRate?: boolean;
}

/** Changes what a key may do; what is not named stays. */
export async function editKey({ api, paper }: CommandContext, id: string, changes: KeyChanges): Promise<void> {
  const { scope, portal, allPortals, method, allMethods, neverExpires, unlimitedRate, ...rest } = changes;
  const body = {
    ...rest,
    ...(scope && { scopes: scope }),
    ...(portal && { portals: portal }),
    ...(allPortals && { portals: 'all' }),
    ...(method && { methods: method }),
    ...(allMethods && { methods: null }),
    ...(neverExpires && { expiresAt: null }),
    ...(unlimitedRate && { ratePerSecond: null }),
  };
  if (Object.keys(body).length === 0)
    throw CommandFailure.of('wrong_usage', 'Name something to change; `b24-gateway keys edit --help` lists it.');
  paper.print(await api.ask<Client>('PATCH', `/v1/clients/${encodeURIComponent(id)}`, { body }), changedPage);
}

export async function revokeKey({ api, paper }: CommandContext, id: string): Promise<void> {
  await api.ask('DELETE', `/v1/clients/${encodeURIComponent(id)}`);
  paper.print({ id, revoked: true }, () => `${id} is gone; its key works no more.`);
}

/** The file is opened first: a key that can't be kept must not be made. */
async function shownOnce(
  { api, paper }: CommandContext,
  out: string | undefined,
  path: string,
  body: object,
): Promise<void> {
  const file = out === undefined ? undefined : await newFile(out);
  try {
    const headers = { 'Idempotency-Key': randomUUID() };
    const { key, ...client } = await api.ask<CreatedClient>('POST', path, { body, headers });
    await file?.writeFile(`${key}\n`);
    if (out === undefined) paper.print({ ...client, key }, createdPage);
    else paper.print({ ...client, keyFile: out }, createdPage);
    if (out === undefined) paper.hint('The key is shown here only. Next time --out writes it to a file instead.');
  } finally {
    await file?.close();
  }
}

async function newFile(name: string) {
  try {
    return await open(name, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'it is there already' : code;
    throw CommandFailure.of('unusable_input', `No file can be made of --out (${why}); no key was made. Name another.`);
  }
}

function createdPage(client: Client & { readonly key?: string; readonly keyFile?: string }, style: Style): string {
  const { key, keyFile } = client;
  return factsOf({ ...rightsOf(client), ...(key !== undefined ? { key } : { 'key is in': keyFile }) }, style);
}

function changedPage(client: Client, style: Style): string {
  return factsOf(rightsOf(client), style);
}

function rightsOf({ id, name, scopes, portals, methods, expiresAt, ratePerSecond, burst }: Client) {
  return {
    id,
    name,
    scopes: scopes.join(', '),
    portals: portals === 'all' ? 'all' : portals.join(', '),
    ...(methods && { methods: methods.join(', ') }),
    ...(ratePerSecond !== undefined && { rate: `${ratePerSecond}/s, ${burst ?? 1} at once` }),
    ...(expiresAt && { ends: when(expiresAt) }),
  };
}

const columns: readonly Column<Client>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'SCOPES', of: ({ scopes }) => scopes.join(', ') },
  { title: 'PORTALS', of: ({ portals }) => (portals === 'all' ? 'all' : `${portals.length}`) },
  { title: 'RATE', of: ({ ratePerSecond }) => (ratePerSecond === undefined ? undefined : `${ratePerSecond}/s`) },
  {
    title: 'ENDS',
    of: ({ expiresAt }) => when(expiresAt),
    colour: ({ expiresAt }) => (expiresAt && Date.parse(expiresAt) < Date.now() ? 'red' : undefined),
  },
  { title: 'LAST USED', of: ({ lastUsedAt }) => when(lastUsedAt) },
  { title: 'OLD KEY ENDS', of: ({ previousKey }) => previousKey && (when(previousKey.validUntil) ?? 'rotate again') },
];

function keysTable({ items }: { items: readonly Client[] }, style: Style): string {
  if (items.length === 0) return 'There are no keys but the operator’s own. `b24-gateway keys create` makes one.';
  return tableOf(columns, items, style);
}
