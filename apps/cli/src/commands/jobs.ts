import type { Job, JobItems, JobRetry } from '../api-types';
import type { CommandContext } from '../command-context';
import { type Column, factsOf, type Style, tableOf } from '../output';
import { moment, when } from '../times';

const pathOf = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;

export async function listJobs({ api, paper }: CommandContext): Promise<void> {
  paper.print({ items: await api.all<Job>('/v1/jobs') }, jobsTable);
}

export async function showJob({ api, paper }: CommandContext, id: string): Promise<void> {
  paper.print(await api.get<Job>(pathOf(id)), jobPage);
}

export async function listJobItems(
  { api, paper }: CommandContext,
  id: string,
  { failed }: { readonly failed?: boolean },
): Promise<void> {
  const query = failed ? { outcome: 'failed' } : {};
  paper.print({ items: await api.all<JobItems['items'][number]>(`${pathOf(id)}/items`, query) }, itemsTable);
}

/** Retries what failed. @param unknown instead, repeats the writes that may have been executed */
export async function retryJob(
  { api, paper }: CommandContext,
  id: string,
  { unknown }: { readonly unknown?: boolean },
): Promise<void> {
  const body = { items: unknown ? 'unknown' : 'failed' };
  paper.print(await api.ask<JobRetry>('POST', `${pathOf(id)}/retry`, { body }), retryWords);
}

export async function cancelJob({ api, paper }: CommandContext, id: string): Promise<void> {
  const job = await api.ask<Job>('POST', `${pathOf(id)}/cancel`);
  paper.print(job, () => `${job.id} is ${job.state}. What it did stays done.`);
}

const ownerOf = ({ client }: Job) => client.name ?? client.id;
const codesOf = ({ progress: { byCode = {} } }: Job) =>
  Object.entries(byCode)
    .map(([code, n]) => `${n} × ${code}`)
    .join(', ');

const columns: readonly Column<Job>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'JOB', of: ({ title }) => title },
  { title: 'BY', of: ownerOf },
  { title: 'STATE', of: ({ state }) => state, colour: ({ state }) => (state === 'failed' ? 'red' : undefined) },
  { title: 'DONE', of: ({ progress: { done, total } }) => `${done} of ${total}` },
  {
    title: 'PROBLEMS',
    of: (job) => codesOf(job) || `${job.progress.failed}`,
    colour: ({ progress: { failed } }) => (failed > 0 ? 'red' : undefined),
  },
  { title: 'CREATED', of: ({ createdAt }) => when(createdAt) },
  { title: 'FINISHED', of: ({ finishedAt }) => when(finishedAt) },
];

function jobsTable({ items }: { items: readonly Job[] }, style: Style): string {
  return items.length === 0 ? 'There are no jobs.' : tableOf(columns, items, style);
}

function jobPage(job: Job, style: Style): string {
  const { id, title, state, progress, createdAt, finishedAt, retryOf, problem } = job;
  return factsOf(
    {
      ...{ id, job: title, by: ownerOf(job), state },
      why: problem?.detail,
      done: `${progress.done} of ${progress.total}`,
      problems: codesOf(job) || `${progress.failed}`,
      'retry of': retryOf,
      created: moment(createdAt),
      finished: finishedAt && moment(finishedAt),
    },
    style,
  );
}

const nameOf = ({ portal, from, commands }: JobItems['items'][number]) =>
  portal
    ? (portal.alias ?? portal.domain ?? portal.name ?? portal.memberId)
    : `${commands ?? 0} commands from ${from ?? 0}`;
const whyOf = ({ failures, detail }: JobItems['items'][number]) =>
  failures ? failures.map((it) => `${it.command}: ${it.code}`).join(', ') : detail;

const itemColumns: readonly Column<JobItems['items'][number]>[] = [
  { title: 'ITEM', of: nameOf },
  {
    title: 'OUTCOME',
    of: ({ code }) => code ?? 'done',
    colour: ({ code }) => (code === undefined ? 'green' : 'red'),
  },
  { title: 'WHY', of: whyOf },
];

function itemsTable({ items }: Pick<JobItems, 'items'>, style: Style): string {
  return items.length === 0 ? 'There are no such results.' : tableOf(itemColumns, items, style);
}

function retryWords({ id, retry: { items, leftOut } }: JobRetry): string {
  const left = leftOut > 0 ? ` ${leftOut} may have been executed and are left out; --unknown repeats them.` : '';
  return `${id} retries ${items}.${left}`;
}
