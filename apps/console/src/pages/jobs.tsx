import { useEffect } from 'preact/hooks';
import { call } from '../api';
import type { Job, ApiPage } from '../api-types';
import { Chip, Empty, Loading, ProblemBox } from '../parts/pieces';
import { useMay } from '../may';
import { useRequest, useWork } from '../use-request';
import { type Tone, when } from '../words';

const tones: Partial<Record<Job['state'], Tone>> = {
  done: 'good',
  failed: 'bad',
  cancelled: 'off',
};
const kinds: Record<Job['kind'], string> = {
  'fan-out': 'One call to many portals',
  batch: 'Many commands on one portal',
};
const lookEveryMs = 3000;

export function JobsPage() {
  return (
    <>
      <div class="title">
        <h1>Jobs</h1>
      </div>
      <p class="soft under">
        Work that a service sent with <code>Prefer: respond-async</code>. It continues after a restart.
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
        <p>No jobs in the last 24 hours.</p>
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
  const may = useMay();
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
        <h2>{kinds[kind]}</h2>
        <Chip tone={failed > 0 ? 'warn' : (tones[state] ?? 'warn')}>
          {state}
          {failed > 0 && `, ${failed} failed`}
        </Chip>
      </header>
      <p>
        <progress max={total} value={done} aria-label="Progress" /> {done} of {total}
      </p>
      <p class="soft small">
        Started {when(createdAt)}. {finishedAt && `Ended ${when(finishedAt)}.`} <code>{id}</code>
      </p>
      {job.problem && <ProblemBox problem={job.problem} />}
      {problem && <ProblemBox problem={problem} />}
      {!ended && may('cancelJob') && (
        <p class="actions">
          <button type="button" class="danger" disabled={busy} onClick={cancel}>
            Cancel the job
          </button>
        </p>
      )}
    </li>
  );
}
