import type { Job } from '../api-types';
import type { CommandContext } from '../command-context';
import { type Column, type Style, tableOf } from '../output';
import { when } from '../times';

export async function listJobs({ api, paper }: CommandContext): Promise<void> {
  paper.print({ items: await api.all<Job>('/v1/jobs') }, jobsTable);
}

export async function cancelJob({ api, paper }: CommandContext, id: string): Promise<void> {
  const job = await api.ask<Job>('POST', `/v1/jobs/${encodeURIComponent(id)}/cancel`);
  paper.print(job, () => `${job.id} is ${job.state}. What it did stays done.`);
}

const columns: readonly Column<Job>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'KIND', of: ({ kind }) => kind },
  { title: 'STATE', of: ({ state }) => state, colour: ({ state }) => (state === 'failed' ? 'red' : undefined) },
  { title: 'DONE', of: ({ progress: { done, total } }) => `${done} of ${total}` },
  {
    title: 'PROBLEMS',
    of: ({ progress: { failed } }) => `${failed}`,
    colour: ({ progress: { failed } }) => (failed > 0 ? 'red' : undefined),
  },
  { title: 'CREATED', of: ({ createdAt }) => when(createdAt) },
  { title: 'FINISHED', of: ({ finishedAt }) => when(finishedAt) },
];

function jobsTable({ items }: { items: readonly Job[] }, style: Style): string {
  return items.length === 0 ? 'There are no jobs.' : tableOf(columns, items, style);
}
