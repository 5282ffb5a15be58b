import type { Job } from '../api-types';
import { count, type Tone } from '../words';
import { Chip } from './pieces';

const tones: Partial<Record<Job['state'], Tone>> = {
  done: 'good',
  failed: 'bad',
  cancelled: 'off',
};

/** The state of a job; one that is done is good only if nothing failed. */
export function JobChip({ job: { state, progress } }: { job: Job }) {
  const { failed } = progress;
  return (
    <Chip tone={failed > 0 ? 'warn' : (tones[state] ?? 'warn')}>
      {state}
      {failed > 0 && `, ${failed} failed`}
    </Chip>
  );
}

/** How many items failed with which code. */
export function FailureSummary({ job: { progress } }: { job: Job }) {
  const codes = Object.entries(progress.byCode ?? {}).sort(([, a], [, b]) => b - a);
  if (codes.length === 0) return null;
  return <span class="soft small block">{codes.map(([code, n]) => `${n} × ${code}`).join(', ')}</span>;
}

/** Whether every item that will have an outcome has it. */
export function hasEnded({ finishedAt }: Job): boolean {
  return finishedAt !== undefined;
}

/** “5 items”, in the words of the kind of job. */
export function itemsOf(job: Job, n: number): string {
  return job.kind === 'fan-out' ? count(n, 'portal') : count(n, 'part');
}
