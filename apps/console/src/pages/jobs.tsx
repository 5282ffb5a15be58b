import { call } from '../api';
import type { ApiPage, Job } from '../api-types';
import { FailureSummary, JobChip } from '../parts/job-state';
import { Moment } from '../parts/moment';
import { Empty, Loading, ProblemBox } from '../parts/pieces';
import { Link } from '../router';
import { useReloading, useRequest } from '../use-request';

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
  useReloading(reload, lookEveryMs);
  if (problem) return <ProblemBox problem={problem} reload={reload} />;
  if (!data) return <Loading what="Loading the jobs …" />;
  if (data.items.length === 0)
    return (
      <Empty title="No job">
        <p>No jobs in the last 24 hours.</p>
      </Empty>
    );
  return (
    <div class="card table">
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col" class="only-wide">
              Made by
            </th>
            <th scope="col" class="only-wide">
              Progress
            </th>
            <th scope="col" class="only-wide">
              Created
            </th>
            <th scope="col" class="only-wide">
              Ended
            </th>
          </tr>
        </thead>
        <tbody>
          {data.items.map((job) => (
            <Row key={job.id} job={job} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ job }: { job: Job }) {
  const { id, title, client, createdAt, finishedAt, progress } = job;
  return (
    <tr>
      <th scope="row" class="long">
        <Link to={`/jobs/${id}`}>{title}</Link>
        <FailureSummary job={job} />
      </th>
      <td>
        <JobChip job={job} />
      </td>
      <td class="only-wide">{client.name ?? client.id}</td>
      <td class="only-wide">
        <progress max={progress.total} value={progress.done} aria-label="Progress" />{' '}
        <span class="small">
          {progress.done} of {progress.total}
        </span>
      </td>
      <td class="only-wide">
        <Moment at={createdAt} />
      </td>
      <td class="only-wide">{finishedAt ? <Moment at={finishedAt} /> : '–'}</td>
    </tr>
  );
}
