import type { ConsoleSession, ConsoleSessions } from '../api-types';
import type { CommandContext } from '../command-context';
import { type Column, type Style, tableOf } from '../output';
import { when } from '../times';

export async function listSessions({ api, paper }: CommandContext): Promise<void> {
  paper.print(await api.get<ConsoleSessions>('/v1/sessions'), sessionsTable);
}

export async function endSession({ api, paper }: CommandContext, id: string): Promise<void> {
  await api.ask('DELETE', `/v1/sessions/${encodeURIComponent(id)}`);
  paper.print({ id, ended: true }, () => `The session ${id} has ended on every replica.`);
}

const columns: readonly Column<ConsoleSession>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'WHO', of: ({ name }) => name },
  { title: 'BY', of: ({ isPerson }) => (isPerson ? 'provider' : 'key') },
  { title: 'FROM', of: ({ source }) => source },
  { title: 'BEGAN', of: ({ beganAt }) => when(beganAt) },
  { title: 'ENDS', of: ({ endsAt }) => when(endsAt) },
];

function sessionsTable({ items }: ConsoleSessions, style: Style): string {
  return items.length === 0 ? 'Nobody is signed in to the console.' : tableOf(columns, items, style);
}
