import { call } from '../api';
import type { ApiPage, Subscription } from '../api-types';
import { Moment } from '../parts/moment';
import { Chip, Empty, Loading, ProblemBox } from '../parts/pieces';
import { Link } from '../router';
import { useRequest } from '../use-request';
import { count, type Tone } from '../words';

export function EventsPage() {
  const { data, problem, reload } = useRequest(
    (signal) => call<ApiPage<Subscription>>('GET', '/v1/subscriptions', undefined, signal),
    [],
  );
  return (
    <>
      <div class="title">
        <h1>Events</h1>
        <button type="button" onClick={reload}>
          Refresh
        </button>
      </div>
      <p class="soft under">
        Which services receive events of portals, what waits for them, and why something does not arrive.
      </p>
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {!data && !problem && <Loading what="Loading the subscriptions …" />}
      {data?.items.length === 0 && (
        <Empty title="No subscription yet">
          <p>
            <code>POST /v1/subscriptions</code> makes one. <Link to="/try">Try it</Link> has its form.
          </p>
        </Empty>
      )}
      {data && data.items.length > 0 && <Subscriptions items={data.items} />}
    </>
  );
}

function Subscriptions({ items }: { items: readonly Subscription[] }) {
  return (
    <div class="card table">
      <table>
        <thead>
          <tr>
            <th scope="col">Subscription</th>
            <th scope="col">State</th>
            <th scope="col" class="number only-wide">
              Waiting
            </th>
            <th scope="col" class="number only-wide">
              Dead
            </th>
            <th scope="col" class="only-wide">
              Last delivered
            </th>
            <th scope="col" class="only-wide">
              Last failure
            </th>
            <th scope="col" class="only-wide">
              Next attempt
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((it) => (
            <Row key={it.id} subscription={it} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ subscription: it }: { subscription: Subscription }) {
  const { id, name, url, waiting, dead, lastFailure, lastDeliveredAt, nextAttemptAt } = it;
  const { tone, label } = deliveryState(it);
  return (
    <tr>
      <th scope="row">
        <Link to={`/events/${id}`}>{name ?? url}</Link>
        {name !== undefined && <span class="soft small block only-wide">{url}</span>}
        <span class="soft small only-narrow">
          {lastFailure && `${lastFailure.detail} `}
          {waiting} waiting, {dead} dead
        </span>
      </th>
      <td>
        <Chip tone={tone}>{label}</Chip>
      </td>
      <td class="number only-wide">{waiting.toLocaleString()}</td>
      <td class="number only-wide">{dead.toLocaleString()}</td>
      <td class="only-wide">{lastDeliveredAt ? <Moment at={lastDeliveredAt} /> : 'never'}</td>
      <td class="only-wide">
        {lastFailure ? (
          <>
            {lastFailure.detail}
            <span class="soft small block">
              <Moment at={lastFailure.at} />
            </span>
          </>
        ) : (
          'none'
        )}
      </td>
      <td class="only-wide">{nextAttemptAt ? <Moment at={nextAttemptAt} /> : '–'}</td>
    </tr>
  );
}

/** How a subscription does: a failure counts until a later delivery. */
export function deliveryState(it: Subscription): { readonly tone: Tone; readonly label: string } {
  const { paused, pausedBecause, lastFailure, lastDeliveredAt, waiting } = it;
  if (paused) return { tone: 'off', label: pausedBecause === 'gone' ? 'Paused by 410' : 'Paused' };
  if (lastFailure && (lastDeliveredAt === undefined || Date.parse(lastDeliveredAt) < Date.parse(lastFailure.at)))
    return { tone: 'bad', label: 'Failing' };
  if (lastDeliveredAt !== undefined) return { tone: 'good', label: 'Delivering' };
  return waiting > 0
    ? { tone: 'warn', label: count(waiting, 'event waits', 'events wait') }
    : { tone: 'off', label: 'No event yet' };
}
