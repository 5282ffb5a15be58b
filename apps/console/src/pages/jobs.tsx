import { useEffect } from 'preact/hooks';
import { call } from '../api';
import type { Job, ApiPage } from '../api-types';
import { Chip, Empty, Loading, ProblemBox } from '../parts/pieces';
import { useRequest, useWork } from '../use-request';
import { type Tone, when } from '../words';

const tones: Partial<Record<Job['state'], Tone>> = {
  done: 'good',
  failed: 'bad',
  cancelled: 'off',
};
const kinds: Record<Job['kind'], string> = {
  'fan-out': 'One call to many portals.',
  batch: 'Many commands on one portal.',
};
const lookEveryMs = 3000;

export function JobsPage() {
  return (
    <>
      <div class="title">
        <h1>Jobs</h1>
      </div>
      <p class="soft under">
        Long work that a service asked for with <code>Prefer: respond-async</code>; it goes on over a restart.
      </p>
      <JobList />
    </>
  );
}

function JobList() {
  const { data, problem, reload } = useRequest(
    (signal) => call<ApiPage<Job>>('GET', '/v1/jobs', undefined, signal),
    [],
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, lookEveryMs);
    return () => {
      clearInterval(timer);
    };
  }, [reload]);
  if (problem) return <ProblemBox problem={problem} reload={reload} />;
  if (!data) return <Loading what="Loading the jobs …" />;
  if (data.items.length === 0)
    return (
      <Empty title="No job">
        <p>None is under way, and none ended lately.</p>
      </Empty>
    );
  return (
    <ul class="cards">
      {data.items.map((job) => (
        <JobCard key={job.id} job={job} changed={reload} />
      ))}
    </ul>
  );
}

function JobCard({ job, changed }: { job: Job; changed: () => void }) {
  const { id, kind, state, createdAt, finishedAt, progress } = job;
  const { done, total, failed } = progress;
  const { busy, problem, run } = useWork();
  const ended = tones[state] !== undefined || finishedAt !== undefined;
  const cancel = () => {
    run(async () => {
      await call('POST', `/v1/jobs/${encodeURIComponent(id)}/cancel`);
      changed();
    });
  };
  return (
    <li class="card">
      <header>
        <h2>
          <code>{id}</code>
        </h2>
        <Chip tone={tones[state] ?? 'warn'}>{state}</Chip>
      </header>
      <p>
        <progress max={total} value={done} aria-label="Progress" /> {done} of {total}
        {failed > 0 && `, ${failed} with a problem`}
      </p>
      <p class="soft small">
        {kinds[kind]} Asked for {when(createdAt)}. {finishedAt && `Ended ${when(finishedAt)}.`}
      </p>
      {job.problem && <ProblemBox problem={job.problem} />}
      {problem && <ProblemBox problem={problem} />}
      {!ended && (
        <p class="actions">
          <button type="button" class="danger" disabled={busy} onClick={cancel}>
            Cancel the job
          </button>
        </p>
      )}
    </li>
  );
}
