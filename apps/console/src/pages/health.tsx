import { ask } from '../api';
import type { Snapshot } from '../api-types';
import { useLive } from '../live';
import { Chip, Loading, ProblemBox } from '../parts/pieces';
import { useRequest } from '../use-request';
import { when } from '../words';
import { LiveDot } from './portals';

interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly parts: Readonly<Record<'store' | 'replica', { readonly ready: boolean; readonly detail: string }>>;
  readonly warnings: readonly string[];
}

/** Whether the gateway itself is well: its replicas, Redis and what Redis's settings put at risk. */
export function HealthPage() {
  const { snapshot, link } = useLive('');
  const { data, problem, reload } = useRequest(readiness, []);
  return (
    <>
      <div class="title">
        <h1>Health</h1>
        <LiveDot link={link} snapshot={snapshot} />
      </div>
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {!data && !problem && <Loading what="Loading the state of the gateway …" />}
      {data && <ReadyState readiness={data} />}
      <Replicas processes={snapshot?.processes} />
    </>
  );
}

/** Readiness has a body also where it is not ready, with 503. */
async function readiness(signal: AbortSignal): Promise<Readiness> {
  const response = await ask('GET', '/health/ready', { signal });
  return (await response.json()) as Readiness;
}

function ReadyState({ readiness: { status, parts, warnings } }: { readiness: Readiness }) {
  return (
    <section class="card">
      <div class="title">
        <h2>The replica that answered</h2>
        <Chip tone={status === 'ready' ? 'good' : 'bad'}>{status === 'ready' ? 'Ready' : 'Not ready'}</Chip>
      </div>
      <dl>
        <dt>Redis</dt>
        <dd>{parts.store.detail}</dd>
        <dt>Replica</dt>
        <dd>{parts.replica.detail}</dd>
        <dt>Warnings</dt>
        <dd>
          {warnings.length === 0 ? (
            'None: Redis stores what it is given.'
          ) : (
            <ul>
              {warnings.map((it) => (
                <li key={it}>{it}</li>
              ))}
            </ul>
          )}
        </dd>
      </dl>
    </section>
  );
}

function Replicas({ processes }: { processes: Snapshot['processes'] }) {
  const versions = new Set(processes?.map(({ version }) => version));
  return (
    <section class="card">
      <h2>Replicas</h2>
      {!processes && <p class="soft">Not known yet.</p>}
      {versions.size > 1 && <p class="box warn">Replicas of {versions.size} versions run at the same time.</p>}
      {processes && (
        <div class="table" tabIndex={0} role="region" aria-label="Replicas">
          <table>
            <thead>
              <tr>
                <th>Replica</th>
                <th>Version</th>
                <th>Started</th>
                <th class="number">Memory</th>
                <th class="number">Requests under way</th>
              </tr>
            </thead>
            <tbody>
              {processes.map(({ replica, version, startedAtMs, memoryBytes, inFlight }) => (
                <tr key={replica}>
                  <td>
                    <code>{replica.slice(0, 8)}</code>
                  </td>
                  <td>{version}</td>
                  <td>{when(new Date(startedAtMs).toISOString())}</td>
                  <td class="number">{Math.round(memoryBytes / 1024 / 1024)} MB</td>
                  <td class="number">{inFlight}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
