import type { LoggedCall } from '../api-types';
import { count, dateTime, milliseconds, timeOfDay, when } from '../words';
import { Chip } from './pieces';

interface CallRowProps {
  readonly call: LoggedCall;
  readonly portal: string;
  /** The longest call of the list, which has the whole width of the bar. */
  readonly maxMs: number;
  readonly chooseRequest: (requestId: string) => void;
}

/** A call: who, what, with what result, and where its time went. */
export function CallRow({ call, portal, maxMs, chooseRequest }: CallRowProps) {
  const { at, clientName, method, operation, requestId } = call;
  return (
    <tr>
      <td>
        <time dateTime={at} title={dateTime(at)}>
          {timeOfDay(at)}
        </time>
        <span class="soft small block">{when(at)}</span>
      </td>
      <td class="only-wide">
        {clientName}
        <span class="soft small block">{portal}</span>
      </td>
      <td>
        <code>{method}</code>
        <span class="soft small only-narrow">
          by {clientName}, {portal}
        </span>
        {operation !== undefined && <span class="soft small block">{operation}</span>}
        {requestId !== undefined && (
          <span class="soft small block">
            request{' '}
            <button
              type="button"
              class="link"
              onClick={() => {
                chooseRequest(requestId);
              }}
            >
              <code>{requestId}</code>
            </button>
          </span>
        )}
        <div class="only-narrow">
          <CallResult call={call} />
          <CallTimes call={call} maxMs={maxMs} />
        </div>
      </td>
      <td class="only-wide">
        <CallTimes call={call} maxMs={maxMs} />
      </td>
      <td class="only-wide">
        <CallResult call={call} />
      </td>
    </tr>
  );
}

function CallResult({ call: { code, upstream } }: Pick<CallRowProps, 'call'>) {
  return (
    <>
      <Chip tone={code === 'ok' ? 'good' : 'bad'}>{code}</Chip>
      {upstream && (
        <span class="soft small block">
          The portal said: <q>{upstream.description || upstream.error}</q>
        </span>
      )}
    </>
  );
}

/** The parts of a call's time, one after the other, in proportion to the longest call. */
function CallTimes({ call, maxMs }: Pick<CallRowProps, 'call' | 'maxMs'>) {
  const { tookMs, queueMs, upstreamMs, commands, retries } = call;
  const restMs = Math.max(0, tookMs - queueMs - upstreamMs);
  const width = (ms: number) => ({ width: `${(ms / Math.max(1, maxMs)) * 100}%` });
  const parts = [
    `queue ${milliseconds(queueMs)}`,
    `portal ${milliseconds(upstreamMs)}`,
    `rest ${milliseconds(restMs)}`,
    ...(commands > 1 ? [`${commands} commands in the request`] : []),
    ...(retries > 0 ? [count(retries, 'retry', 'retries')] : []),
  ];
  return (
    <span class="block">
      <span class="number">{milliseconds(tookMs)}</span>
      <span class="waterfall" aria-hidden="true">
        <i class="queue" style={width(queueMs)} />
        <i class="portal" style={width(upstreamMs)} />
        <i class="rest" style={width(restMs)} />
      </span>
      <span class="soft small block">{parts.join(', ')}</span>
    </span>
  );
}
