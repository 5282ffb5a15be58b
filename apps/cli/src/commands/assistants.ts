import type { Assistant } from '../api-types';
import type { CommandContext } from '../command-context';
import { type Column, type Style, tableOf } from '../output';
import { when } from '../times';

const placeOf = (client: string) => `/v1/clients/${encodeURIComponent(client)}/assistants`;

/** Lists the assistants that people connected by OAuth to act as a client. */
export async function listAssistants({ api, paper }: CommandContext, client: string): Promise<void> {
  paper.print(await api.get<{ items: readonly Assistant[] }>(placeOf(client)), assistantsTable);
}

/** Ends an assistant; its tokens stop working at once. */
export async function endAssistant({ api, paper }: CommandContext, client: string, id: string): Promise<void> {
  await api.ask('DELETE', `${placeOf(client)}/${encodeURIComponent(id)}`);
  paper.print({ id, ended: true }, () => `${id} has ended; its tokens work no more.`);
}

const columns: readonly Column<Assistant>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name },
  { title: 'HOST', of: ({ host }) => host },
  { title: 'CONNECTED', of: ({ connectedAt }) => when(connectedAt) },
  { title: 'LAST TOKENS', of: ({ tokensAt }) => when(tokensAt) },
];

function assistantsTable({ items }: { items: readonly Assistant[] }, style: Style): string {
  return items.length === 0 ? 'No assistant is connected as this client.' : tableOf(columns, items, style);
}
