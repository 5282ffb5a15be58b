import { useState } from 'preact/hooks';
import { call } from '../api';
import type { SubscriptionDetails, SubscriptionTest } from '../api-types';
import { Deliveries } from '../parts/deliveries';
import { useMay } from '../may';
import { DeadLetterList } from '../parts/dead-letters';
import { Moment } from '../parts/moment';
import { Chip, Loading, NotLoaded, ProblemBox } from '../parts/pieces';
import { Link } from '../router';
import { useReloading, useRequest, useWork } from '../use-request';
import { count, dateTime, when } from '../words';
import { deliveryState } from './events';

const lookEveryMs = 3000;

/** One subscription: why nothing arrives, what waits, and what was given up. */
export function SubscriptionPage({ id }: { id: string }) {
  const may = useMay();
  const path = `/v1/subscriptions/${encodeURIComponent(id)}`;
  const { data, problem, reload } = useRequest(
    (signal) => call<SubscriptionDetails>('GET', path, undefined, signal),
    [id],
  );
  useReloading(reload, lookEveryMs);
  if (problem && !data) {
    const back = <Link to="/events">Back to the events</Link>;
    return <NotLoaded what="Subscription" problem={problem} reload={reload} back={back} />;
  }
  if (!data) return <Loading what="Loading the subscription …" />;
  const { tone, label } = deliveryState(data);
  return (
    <>
      <p class="crumbs">
        <Link to="/events">Events</Link> / {data.name ?? data.url}
      </p>
      <div class="title">
        <h1>{data.name ?? data.url}</h1>
        <Chip tone={tone}>{label}</Chip>
      </div>
      <Failure subscription={data} />
      <div class="columns">
        <Facts subscription={data} />
        <Bindings bindings={data.bindings} />
      </div>
      <SubscriptionActions path={path} subscription={data} changed={reload} />
      <Deliveries path={path} waiting={data.waiting} />
      {may('listDeadLetters') && <DeadLetterList path={path} dead={data.dead} changed={reload} />}
    </>
  );
}

/** Why nothing arrives, in a sentence. */
function Failure({ subscription: it }: { subscription: SubscriptionDetails }) {
  const { paused, pausedBecause, lastFailure, nextAttemptAt, waiting } = it;
  if (paused)
    return (
      <section class="box warn" aria-label="Problem">
        <h2>
          {pausedBecause === 'gone' ? 'The target answered 410 Gone: nothing is sent' : 'Paused: nothing is sent'}
        </h2>
        <p>{count(waiting, 'event waits', 'events wait')} until somebody resumes the subscription.</p>
      </section>
    );
  if (!lastFailure || deliveryState(it).tone !== 'bad') return null;
  return (
    <section class="box bad" aria-label="Problem">
      <h2>{lastFailure.detail}</h2>
      <p title={dateTime(lastFailure.at)}>
        That was {when(lastFailure.at)}. {count(waiting, 'event waits', 'events wait')}.
        {nextAttemptAt && ` The next attempt is due ${when(nextAttemptAt)}.`}
      </p>
    </section>
  );
}

function Facts({ subscription: it }: { subscription: SubscriptionDetails }) {
  const { id, url, events, portals, lastDeliveredAt, lastFailure, nextAttemptAt, createdAt, formerSecretUntil } = it;
  return (
    <section class="card">
      <h2>About this subscription</h2>
      <dl>
        <dt>Target</dt>
        <dd>
          <code>{url}</code>
        </dd>
        <dt>Events</dt>
        <dd>{events === 'all' ? 'all' : events.join(', ')}</dd>
        <dt>Portals</dt>
        <dd>{portals === 'all' ? 'all' : count(portals.length, 'portal')}</dd>
        <dt>Last delivered</dt>
        <dd>{lastDeliveredAt ? <Moment at={lastDeliveredAt} /> : 'never'}</dd>
        <dt>Last failure</dt>
        <dd>
          {lastFailure ? (
            <>
              <Moment at={lastFailure.at} />: {lastFailure.detail}
            </>
          ) : (
            'none'
          )}
        </dd>
        <dt>Next attempt</dt>
        <dd>{nextAttemptAt ? <Moment at={nextAttemptAt} /> : 'none is due'}</dd>
        <dt>Created</dt>
        <dd>{dateTime(createdAt)}</dd>
        {formerSecretUntil && (
          <>
            <dt>Former secret</dt>
            <dd>also signs until {dateTime(formerSecretUntil)}</dd>
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

function Bindings({ bindings: { portals, failing, refused } }: Pick<SubscriptionDetails, 'bindings'>) {
  return (
    <section class="card">
      <h2>Event bindings</h2>
      <p>{count(portals, 'portal sends', 'portals send')} their events to the gateway.</p>
      {failing.length > 0 && <p class="bad-text">The events of these portals could not be bound:</p>}
      <ul class="bars">
        {failing.map(({ portal, code }) => (
          <li key={portal}>
            <Link to={`/portals/${portal}`}>{portal}</Link> <code>{code}</code>
          </li>
        ))}
        {refused.map(({ portal, events }) => (
          <li key={portal}>
            <Link to={`/portals/${portal}`}>{portal}</Link> <span class="small">does not know {events.join(', ')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ActionsProps {
  readonly path: string;
  readonly subscription: SubscriptionDetails;
  readonly changed: () => void;
}

function SubscriptionActions({ path, subscription: { paused }, changed }: ActionsProps) {
  const { busy, problem, run } = useWork();
  const may = useMay();
  const [outcome, setOutcome] = useState<SubscriptionTest>();
  const test = () => {
    run(async () => {
      setOutcome(undefined);
      setOutcome(await call<SubscriptionTest>('POST', `${path}/test`));
    });
  };
  const pause = () => {
    run(async () => {
      await call('PATCH', path, { paused: !paused });
      changed();
    });
  };
  return (
    <>
      <p class="actions">
        {may('testSubscription') && (
          <button type="button" disabled={busy} onClick={test}>
            Send a test event
          </button>
        )}
        {may('updateSubscription') && (
          <button type="button" disabled={busy} onClick={pause}>
            {paused ? 'Resume' : 'Pause'}
          </button>
        )}
      </p>
      {outcome && (
        <div class={`box ${outcome.delivered ? 'good' : 'bad'}`} role="status">
          <h2>{outcome.delivered ? 'The test event arrived' : 'The test event did not arrive'}</h2>
          <p>{outcome.detail}</p>
        </div>
      )}
      {problem && <ProblemBox problem={problem} />}
    </>
  );
}
