import { call } from '../api';
import type { Job } from '../api-types';
import { JobActions } from '../parts/job-actions';
import { JobItems } from '../parts/job-items';
import { FailureSummary, hasEnded, itemsOf, JobChip } from '../parts/job-state';
import { Loading, NotLoaded, ProblemBox } from '../parts/pieces';
import { CallsOf } from '../parts/request-link';
import { Link } from '../router';
import { useReloading, useRequest } from '../use-request';
import { dateTime } from '../words';

const lookEveryMs = 2000;

/** One job: how far it is, whose it is, and what came of each item. */
export function JobPage({ id }: { id: string }) {
  const { data, problem, reload } = useRequest(
    (signal) => call<Job>('GET', `/v1/jobs/${encodeURIComponent(id)}`, undefined, signal),
    [id],
  );
  const isOver = data !== undefined && hasEnded(data);
  useReloading(reload, isOver ? undefined : lookEveryMs);
  if (problem && !data) {
    const back = <Link to="/jobs">Back to the jobs</Link>;
    return <NotLoaded what="Job" problem={problem} reload={reload} back={back} />;
  }
  if (!data) return <Loading what="Loading the job …" />;
  return (
    <>
      <p class="crumbs">
        <Link to="/jobs">Jobs</Link> / {data.title}
      </p>
      <div class="title">
        <h1>{data.title}</h1>
        <JobChip job={data} />
      </div>
      {data.problem && <ProblemBox problem={data.problem} />}
      <Facts job={data} />
      <JobActions job={data} changed={reload} />
      <JobItems job={data} />
    </>
  );
}

function Facts({ job }: { job: Job }) {
  const { id, client, createdAt, finishedAt, progress, requestId, retryOf, callback } = job;
  const { done, total, failed } = progress;
  return (
    <section class="card">
      <dl>
        <dt>Progress</dt>
        <dd>
          <progress max={total} value={done} aria-label="Progress" /> {done} of {itemsOf(job, total)}
          {failed > 0 && `, ${failed} failed`}
          <FailureSummary job={job} />
        </dd>
        <dt>Made by</dt>
        <dd>
          {client.name ?? ''} <code>{client.id}</code>
          {requestId !== undefined && <CallsOf request={requestId} />}
        </dd>
        <dt>Created</dt>
        <dd>{dateTime(createdAt)}</dd>
        <dt>Ended</dt>
        <dd>{finishedAt ? dateTime(finishedAt) : 'not yet'}</dd>
        {retryOf && (
          <>
            <dt>Retries</dt>
            <dd>
              <Link to={`/jobs/${retryOf}`}>{retryOf}</Link>
            </dd>
          </>
        )}
        {callback && (
          <>
            <dt>Callback</dt>
            <dd>{callback}</dd>
          </>
        )}
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
      </dl>
    </section>
  );
}
