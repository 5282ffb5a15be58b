import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ApiPage, ConsoleSession } from '../api-types';
import { useMayAll } from '../may';
import { Chip, Loading, ProblemBox, WorkDialog } from '../parts/pieces';
import { useRequest, useWork } from '../use-request';
import { count, dateTime, when } from '../words';

export function SessionsPage() {
  const { data, problem, reload } = useRequest(
    (signal) => call<ApiPage<ConsoleSession>>('GET', '/v1/sessions', undefined, signal),
    [],
  );
  const seesAll = useMayAll();
  const [ending, setEnding] = useState(false);
  const mine = data?.items.find(({ isCurrent }) => isCurrent)?.client;
  return (
    <>
      <div class="title">
        <h1>Sessions</h1>
        <button
          type="button"
          class="danger"
          onClick={() => {
            setEnding(true);
          }}
        >
          Sign out everywhere …
        </button>
      </div>
      <p class="soft under">
        {seesAll ? 'Everybody who is signed in to the console.' : 'Where you are signed in to the console.'} A session
        ends by itself when it is not used.
      </p>
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {!data && !problem && <Loading what="Loading the sessions …" />}
      {data && (
        <ul class="cards">
          {data.items.map((session) => (
            <SessionCard key={session.id} session={session} changed={reload} />
          ))}
        </ul>
      )}
      {ending && (
        <EndAll
          sessions={data?.items.filter(({ client }) => client === mine).length ?? 0}
          close={() => {
            setEnding(false);
          }}
        />
      )}
    </>
  );
}

function SessionCard({ session, changed }: { session: ConsoleSession; changed: () => void }) {
  const { id, client, name, isPerson, isCurrent, source, beganAt, endsAt } = session;
  const { busy, problem, run } = useWork();
  const end = () => {
    run(async () => {
      await call('DELETE', `/v1/sessions/${id}`);
      changed();
    });
  };
  return (
    <li class="card">
      <header>
        <h2>{name}</h2>
        {isCurrent && <Chip tone="good">This one</Chip>}
      </header>
      <dl>
        <dt>Signed in</dt>
        <dd>
          <span title={dateTime(beganAt)}>{when(beganAt)}</span>{' '}
          {isPerson ? 'through the identity provider' : 'with a key'}
        </dd>
        <dt>From</dt>
        <dd>{source}</dd>
        <dt>Ends</dt>
        <dd>
          <span title={dateTime(endsAt)}>{when(endsAt)}</span>, if not used
        </dd>
        <dt>Id</dt>
        <dd>
          <code>{client}</code>
        </dd>
      </dl>
      {problem && <ProblemBox problem={problem} />}
      {!isCurrent && (
        <p class="actions">
          <button type="button" class="danger" disabled={busy} onClick={end}>
            End the session<span class="hidden"> of {name}</span>
          </button>
        </p>
      )}
    </li>
  );
}

/** The next request of the page finds no session, and the sign-in page opens. */
function EndAll({ sessions, close }: { sessions: number; close: () => void }) {
  const end = async () => {
    await call('DELETE', '/v1/sessions');
    await call('GET', '/v1/sessions');
  };
  return (
    <WorkDialog
      title="Sign out everywhere?"
      act="Sign out everywhere"
      tone="danger"
      keep="Stay signed in"
      close={close}
      work={end}
    >
      <p>{count(sessions, 'session of yours ends', 'sessions of yours end')}, also this one, on every device.</p>
    </WorkDialog>
  );
}
