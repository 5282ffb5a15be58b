import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ApiPage, Portal, SandboxFailure, SandboxView } from '../api-types';
import { Chip, Empty, Loading, ProblemBox } from '../parts/pieces';
import { Link } from '../router';
import { sampleCallsTotal, startSampleCalls, stopSampleCalls, useSampleCalls } from '../sample-calls';
import { useRequest, useWork } from '../use-request';

/** What the gateway does about each kind of failure; the sandbox says what happens at the portal. */
const reactions: Readonly<Record<string, string>> = {
  'expired-tokens':
    'It refreshes the token pair once for all callers and sends the calls with the new one. No caller notices.',
  'revoked-grant': 'It reports the portal as “Needs permission”. Open the portal’s page and choose “Authorize again”.',
  'plan-expired':
    'It reports the portal as “Plan expired” and refuses its calls; once a minute it lets one try whether that is over.',
  'query-limit': 'It backs off and keeps calls queued; calls that outlive their deadline get deadline_exceeded.',
  slow: 'It waits, shares answers of identical reads, and fills batches while requests are under way.',
  down: 'It opens the circuit and refuses calls at once, until one of its own attempts succeeds.',
  html: 'It never takes the page for an answer: calls end with portal_error, and writes are settled by reading.',
  renamed: 'It confirms the new address with the authorization server, stores it and sends the calls there.',
};

interface SandboxPortal {
  readonly memberId: string;
  readonly name: string;
  readonly failure: string | null;
}

export function SandboxPage() {
  const state = useRequest((signal) => call<SandboxView>('GET', '/console/simulator', undefined, signal), []);
  const portals = useRequest((signal) => call<ApiPage<Portal>>('GET', '/v1/portals', undefined, signal), []);
  const problem = state.problem ?? portals.problem;
  return (
    <>
      <div class="title">
        <h1>Sandbox</h1>
      </div>
      <p class="soft under">
        The portals of this demo are simulated. Make one fail, send calls to it, and watch what the gateway does.
      </p>
      {problem && <ProblemBox problem={problem} reload={state.problem ? state.reload : portals.reload} />}
      {!problem && !(state.data && portals.data) && <Loading what="Loading the sandbox …" />}
      {!problem && state.data && portals.data && <Opened first={state.data} known={portals.data.items} />}
    </>
  );
}

function Opened({ first, known }: { first: SandboxView; known: readonly Portal[] }) {
  const [view, setView] = useState(first);
  const [chosen, setChosen] = useState<string>();
  const portals = view.portals.flatMap(({ memberId, failure }): SandboxPortal[] => {
    const portal = known.find((it) => it.memberId === memberId);
    return portal ? [{ memberId, name: portal.alias ?? portal.domain, failure }] : [];
  });
  const portal = portals.find((it) => it.memberId === chosen) ?? portals[0];
  if (!portal)
    return (
      <Empty title="No simulated portal is connected">
        <p>Stop the demo and start it once more: it connects its portals.</p>
      </Empty>
    );
  return (
    <>
      <Choice portals={portals} chosen={portal.memberId} choose={setChosen} />
      <SampleCalls key={`calls-${portal.memberId}`} portal={portal} />
      <Failures key={portal.memberId} portal={portal} failures={view.failures} changed={setView} />
    </>
  );
}

interface PortalChoiceProps {
  readonly portals: readonly SandboxPortal[];
  readonly chosen: string;
  readonly choose: (memberId: string) => void;
}

function Choice({ portals, chosen, choose }: PortalChoiceProps) {
  return (
    <fieldset class="themes sandbox-portals">
      <legend class="hidden">Portal</legend>
      {portals.map(({ memberId, name, failure }) => (
        <label key={memberId}>
          <input
            type="radio"
            name="portal"
            checked={memberId === chosen}
            onChange={() => {
              choose(memberId);
            }}
          />
          <span>
            {name}
            {failure && ' – fails'}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function SampleCalls({ portal: { memberId, name } }: { portal: SandboxPortal }) {
  const calls = useSampleCalls();
  const own = calls?.memberId === memberId ? calls : undefined;
  return (
    <section class="card">
      <h2>Calls</h2>
      <p class="soft">
        {sampleCallsTotal} harmless reads, three a second, with a deadline of five seconds each. They go on while you
        look at other pages of this console.
      </p>
      {own && (
        <p role="status">
          <progress max={sampleCallsTotal} value={own.answered} aria-label="Answered calls" /> {own.answered} of{' '}
          {own.sent} calls answered,{' '}
          {own.failed === 0 ? 'none failed' : <span class="bad-text">{own.failed} failed</span>}
          {own.lastCode && (
            <>
              , the last one with <code>{own.lastCode}</code>
            </>
          )}
        </p>
      )}
      <p class="actions">
        {own?.running ? (
          <button type="button" onClick={stopSampleCalls}>
            Stop
          </button>
        ) : (
          <button
            type="button"
            class="main"
            onClick={() => {
              startSampleCalls(memberId);
            }}
          >
            Send calls
          </button>
        )}
        <Link to={`/portals/${memberId}`} class="button">
          Watch {name}
        </Link>
      </p>
    </section>
  );
}

interface FailuresProps {
  readonly portal: SandboxPortal;
  readonly failures: readonly SandboxFailure[];
  readonly changed: (view: SandboxView) => void;
}

function Failures({ portal, failures, changed }: FailuresProps) {
  const [done, setDone] = useState<string>();
  const { busy, problem, run } = useWork();
  const path = `/console/simulator/${portal.memberId}/failure`;
  const start = ({ kind, lasts }: SandboxFailure) => {
    run(async () => {
      changed(await call<SandboxView>('PUT', path, { kind }));
      setDone(lasts ? undefined : kind);
    });
  };
  const end = () => {
    run(async () => {
      changed(await call<SandboxView>('DELETE', path));
      setDone(undefined);
    });
  };
  return (
    <>
      <h2 class="sandbox-failures">Failures</h2>
      {problem && <ProblemBox problem={problem} />}
      <ul class="cards roomy">
        {failures.map((failure) => (
          <FailureCard
            key={failure.kind}
            failure={failure}
            state={portal.failure === failure.kind ? 'active' : done === failure.kind ? 'done' : 'off'}
            busy={busy}
            start={start}
            end={end}
          />
        ))}
      </ul>
    </>
  );
}

interface FailureCardProps {
  readonly failure: SandboxFailure;
  readonly state: 'active' | 'done' | 'off';
  readonly busy: boolean;
  readonly start: (failure: SandboxFailure) => void;
  readonly end: () => void;
}

function FailureCard({ failure, state, busy, start, end }: FailureCardProps) {
  const { kind, title, about } = failure;
  const begin = () => {
    start(failure);
  };
  return (
    <li class="card">
      <header>
        <h3>{title}</h3>
        {state === 'active' && <Chip tone="bad">Active</Chip>}
        {state === 'done' && <Chip tone="off">Happened</Chip>}
      </header>
      <p>{about}</p>
      {reactions[kind] && (
        <p class="soft">
          <strong>The gateway:</strong> {reactions[kind]}
        </p>
      )}
      <p class="actions">
        {state === 'active' ? (
          <button type="button" class="main" disabled={busy} onClick={end} aria-label={`End: ${title}`}>
            End
          </button>
        ) : (
          <button type="button" disabled={busy} onClick={begin} aria-label={`Start: ${title}`}>
            Start
          </button>
        )}
      </p>
    </li>
  );
}
