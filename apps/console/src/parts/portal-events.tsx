import { call } from '../api';
import type { EventBindings, Portal } from '../api-types';
import { useRequest } from '../use-request';
import type { Tone } from '../words';
import { Moment } from './moment';
import { Chip, ProblemBox } from './pieces';

const states: Readonly<Record<EventBindings['state'], readonly [label: string, tone: Tone]>> = {
  none: ['Not wanted', 'off'],
  no_app: ['Needs the app', 'warn'],
  pending: ['Not bound yet', 'warn'],
  failing: ['Failing', 'bad'],
  bound: ['Bound', 'good'],
};

/** Which events a portal is asked to send, and why it does not send them. */
export function PortalEvents({ portal: { memberId } }: { portal: Portal }) {
  const { data, problem, reload } = useRequest(
    (signal) => call<EventBindings>('GET', `/v1/portals/${memberId}/event-bindings`, undefined, signal),
    [memberId],
  );
  return (
    <section class="card">
      <header>
        <h2>Events</h2>
        {data && <Chip tone={states[data.state][1]}>{states[data.state][0]}</Chip>}
      </header>
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {data && <p>{data.detail}</p>}
      {data && data.wanted.length > 0 && <BindingFacts bindings={data} />}
    </section>
  );
}

function BindingFacts({ bindings }: { bindings: EventBindings }) {
  const { wanted, bound, refused, code, failures, checkedAt, nextCheckAt } = bindings;
  return (
    <dl>
      <dt>Wanted</dt>
      <dd>{wanted.join(', ')}</dd>
      <dt>Bound</dt>
      <dd>{bound}</dd>
      {refused.length > 0 && (
        <>
          <dt>Not known there</dt>
          <dd>{refused.join(', ')}</dd>
        </>
      )}
      {code !== undefined && (
        <>
          <dt>Failure</dt>
          <dd>
            <code>{code}</code>
            {failures !== undefined && `, ${failures} in a row`}
          </dd>
        </>
      )}
      {checkedAt && (
        <>
          <dt>Compared</dt>
          <dd>
            <Moment at={checkedAt} />
            {nextCheckAt && (
              <>
                , next <Moment at={nextCheckAt} />
              </>
            )}
          </dd>
        </>
      )}
    </dl>
  );
}
