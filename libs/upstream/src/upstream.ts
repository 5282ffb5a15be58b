import {
  answerTooLarge,
  asFault,
  type Authorization,
  type Clock,
  type Command,
  ExchangeFailure,
  Fault,
  type FaultCode,
  hostNotAllowed,
  type HttpAnswer,
  type Post,
  type SendAuthorized,
} from '@b24/portal';
import { answerScrubber } from './answer-scrubber';
import { commandNames, decodeBatch, encodeBatch } from './batch-codec';
import { decodeCall } from './call-codec';
import { isProxyFailure } from './proxy-failure';

/** Longer than the vendor's own limit of 60 s: a shorter one would leave the outcome of writes unknown. */
const callTimeoutMs = 70_000;

export interface UpstreamOptions {
  readonly post: Post;
  readonly clock: Clock;
}

/** The last station: encodes, posts, decodes, translates. One command is sent as a call, several as a batch. */
export function upstream({ post, clock }: UpstreamOptions): SendAuthorized {
  const withoutSecrets = answerScrubber();

  async function timed(authorization: Authorization, call: EncodedCall, signal: AbortSignal) {
    const startedAt = clock.now();
    const answer = withoutSecrets(await exchange(post, authorization, call, signal), authorization);
    const nowMs = clock.now();
    return { answer, upstreamMs: nowMs - startedAt, nowMs };
  }

  return async (authorization, commands, signal) => {
    signal.throwIfAborted();
    const [command, ...others] = commands;
    if (!command) return [];
    if (others.length === 0) {
      const { answer, upstreamMs, nowMs } = await timed(authorization, command, signal);
      return [decodeCall(command, answer, upstreamMs, nowMs)];
    }
    try {
      const names = commandNames(commands.length);
      const batch = { method: 'batch', params: encodeBatch(commands, names) };
      const { answer, upstreamMs, nowMs } = await timed(authorization, batch, signal);
      return decodeBatch(commands, names, answer, upstreamMs, nowMs);
    } catch (error) {
      const fault = asFault(error);
      throw signal.aborted || fault.retryReason || !unanswered.has(fault.code)
        ? fault
        : fault.with({ retryReason: 'reads_alone' });
    }
  };
}

type EncodedCall = Pick<Command, 'method' | 'params'>;

/** Faults that one command can cause for the whole batch it shares. */
const unanswered: ReadonlySet<FaultCode> = new Set(['answer_too_large', 'outcome_unknown', 'portal_error']);

async function exchange(
  post: Post,
  { endpoint, accessToken }: Authorization,
  { method, params }: EncodedCall,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const body = accessToken ? { ...params, auth: accessToken.reveal() } : params;
  try {
    const url = `${endpoint.reveal()}${method}`;
    const options = { timeoutMs: callTimeoutMs, signal };
    return await post(url, { type: 'application/json', text: JSON.stringify(body) }, options);
  } catch (error) {
    if (!(error instanceof ExchangeFailure)) throw error;
    if (error.reason === hostNotAllowed) throw new Fault('host_not_allowed');
    if (error.reason === answerTooLarge) throw new Fault('answer_too_large');
    throw new Fault(error.sent ? 'outcome_unknown' : 'portal_unreachable', { detail: failureDetail(error) });
  }
}

function failureDetail({ sent, reason }: ExchangeFailure): string {
  if (sent)
    return `The connection to the portal ended without an answer (${reason}); the call may have been carried out.`;
  if (isProxyFailure(reason))
    return `The gateway's outgoing proxy made no connection to the portal (${reason}), so the call was not sent.`;
  return `No connection to the portal could be made (${reason}), so the call was not sent.`;
}
