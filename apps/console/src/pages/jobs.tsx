import { useEffect, useState } from 'preact/hooks';
import { call } from '../api';
import type { Job, OpenApi, Page } from '../api-types';
import { Chip, Empty, Field, Loading, ProblemBox } from '../parts/pieces';
import { useAsked, useWork } from '../use-asked';
import { type Tone, when } from '../words';

const tones: Record<string, Tone> = {
  done: 'good',
  completed: 'good',
  failed: 'bad',
  cancelled: 'off',
  canceled: 'off',
};
const lookEveryMs = 3000;

export function JobsPage({ document: api }: { document: OpenApi | undefined }) {
  const listed = api?.paths['/v1/jobs']?.get !== undefined;
  return (
    <>
      <div class="title">
        <h1>Jobs</h1>
      </div>
      <p class="soft under">
        Long work that a service asked for with <code>Prefer: respond-async</code>; it goes on over a restart.
      </p>
      {api ? listed ? <JobList /> : <OneJob /> : <Loading what="Loading …" />}
    </>
  );
}

function JobList() {
  const { data, problem, again } = useAsked((signal) => call<Page<Job>>('GET', '/v1/jobs', undefined, signal), []);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) again();
    }, lookEveryMs);
    return () => {
      clearInterval(timer);
    };
  }, [again]);
  if (problem) return <ProblemBox problem={problem} again={again} />;
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
        <JobCard key={job.id} job={job} changed={again} />
      ))}
    </ul>
  );
}

/** Where jobs can't be listed, they are found by the id their caller was given. */
function OneJob() {
  const [id, setId] = useState('');
  const [job, setJob] = useState<Job>();
  const { busy, problem, run } = useWork();
  const look = () => {
    run(async () => {
      setJob(await call<Job>('GET', `/v1/jobs/${encodeURIComponent(id.trim())}`));
    });
  };
  return (
    <>
      <form
        class="card narrow"
        onSubmit={(event) => {
          event.preventDefault();
          look();
        }}
      >
        <Field label="Id of the job" hint="As its caller was told it, in Location.">
          {(ids) => (
            <input
              {...ids}
              required
              spellcheck={false}
              value={id}
              onInput={(event) => {
                setId(event.currentTarget.value);
              }}
            />
          )}
        </Field>
        <p class="actions">
          <button type="submit" class="main" disabled={busy}>
            Look it up
          </button>
        </p>
      </form>
      {problem && <ProblemBox problem={problem} />}
      {job && (
        <ul class="cards">
          <JobCard job={job} changed={look} />
        </ul>
      )}
    </>
  );
}

function JobCard({ job, changed }: { job: Job; changed: () => void }) {
  const { id, state, createdAt, finishedAt, progress } = job;
  const { busy, problem, run } = useWork();
  const ended = tones[state] !== undefined || finishedAt !== undefined;
  const cancel = () => {
    run(async () => {
      await call('DELETE', `/v1/jobs/${encodeURIComponent(id)}`);
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
      {progress && (
        <p>
          <progress max={progress.total ?? 1} value={progress.done} aria-label="Progress" /> {progress.done}
          {progress.total !== undefined && ` of ${progress.total}`}
        </p>
      )}
      <p class="soft small">
        {createdAt && `Begun ${when(createdAt)}. `}
        {finishedAt && `Ended ${when(finishedAt)}.`}
      </p>
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
