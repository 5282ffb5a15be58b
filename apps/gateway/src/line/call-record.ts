import type { Client } from '@b24/access';
import type { CallRecord } from '@b24/call-log';
import type { Answer, Fault, PortalId } from '@b24/portal';
import type { CallProgress } from '@b24/queue';

/** Maximum characters of the portal's words. */
const maxCodeLength = 100;
const maxDescriptionLength = 200;

/** A call that has ended, as the line knows it; times in unix milliseconds. */
export interface EndedCall {
  readonly client: Pick<Client, 'id' | 'name'>;
  readonly requestId?: string | undefined;
  readonly operation?: string | undefined;
  readonly portal: PortalId;
  readonly method: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly progress: CallProgress;
  /** Absent if the request failed as a whole. */
  readonly answer?: Answer | undefined;
  /** Absent if the call succeeded. */
  readonly fault?: Fault | undefined;
}

/** Returns what the call log holds of a call: no parameter, no token and no result. */
export function callRecordOf(call: EndedCall): CallRecord {
  const { client, portal, method, startedAtMs, endedAtMs, progress, answer, fault } = call;
  const upstream = fault?.upstream;
  return {
    atMs: endedAtMs,
    client: client.id,
    clientName: client.name,
    portal,
    method,
    operation: call.operation,
    outcome: fault?.code ?? 'ok',
    requestId: call.requestId,
    tookMs: Math.max(0, endedAtMs - startedAtMs),
    queueMs: queueMsOf(call),
    upstreamMs: upstreamMsOf(call),
    commands: answer?.request?.commands ?? progress.commands,
    retries: progress.retries,
    error: upstream?.error.slice(0, maxCodeLength),
    description: upstream?.description.slice(0, maxDescriptionLength),
  };
}

function queueMsOf({ endedAtMs, progress: { queuedAtMs, sentAtMs } }: EndedCall): number {
  return queuedAtMs === undefined ? 0 : Math.max(0, (sentAtMs ?? endedAtMs) - queuedAtMs);
}

/** Of a call without an answer, all time since it was sent counts as the portal's. */
function upstreamMsOf({ endedAtMs, progress: { sentAtMs }, answer }: EndedCall): number {
  if (answer) return answer.timing.upstreamMs;
  return sentAtMs === undefined ? 0 : endedAtMs - sentAtMs;
}
