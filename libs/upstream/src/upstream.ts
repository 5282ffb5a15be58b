import {
  type Answer,
  answerTooLarge,
  asFault,
  type Authorization,
  type Clock,
  type Command,
  ExchangeFailure,
  exchangeTimedOut,
  Fault,
  type FaultCode,
  hostNotAllowed,
  type HttpAnswer,
  type Post,
  type SendAuthorized,
} from '@b24/portal';
import { answerScrubber } from './answer-scrubber';
import { batchJson, commandNames, decodeBatch } from './batch-codec';
import { callBody, type EncodableCall } from './call-body';
import { decodeCall } from './call-codec';
import { isProxyFailure } from './proxy-failure';

/** Longer than the vendor's own limit of 60 s: a shorter one would leave the outcome of writes unknown. */
const callTimeoutMs = 70_000;

export interface UpstreamOptions {
  readonly post: Post;
  readonly clock: Clock;
  /** Where a request carries the access token: last in its body, or in `Authorization`. Default: the body. */
  readonly tokenIn?: 'body' | 'header';
  /** Returns the gateway's link for a link to a file of the portal; undefined removes it. */
  readonly linkFor?: (vendorLink: URL) => string | undefined;
}

/** The last station: encodes, posts, decodes, translates. One command is sent as a call, several as a batch. */
export function upstream(options: UpstreamOptions): SendAuthorized {
  const { clock } = options;
  const withoutSecrets = answerScrubber(options.linkFor);

  async function timed(authorization: Authorization, call: SentCall, signal: AbortSignal) {
    const startedAt = clock.now();
    try {
      const answer = withoutSecrets(await exchange(options, authorization, call, signal), authorization);
      const nowMs = clock.now();
      return { answer, upstreamMs: nowMs - startedAt, nowMs };
    } catch (error) {
      throw error instanceof ExchangeFailure ? exchangeFault(error, call.effect === 'read') : error;
    }
  }

  return async (authorization, commands, signal) => {
    signal.throwIfAborted();
    const [command, ...others] = commands;
    if (!command) return [];
    if (others.length === 0) {
      const { answer, upstreamMs, nowMs } = await timed(authorization, command, signal);
      return [retriedRead(command, decodeCall(command, answer, upstreamMs, nowMs))];
    }
    try {
      const names = commandNames(commands.length);
      const batch = { method: 'batch', params: {}, json: batchJson(commands, names), effect: 'write' } as const;
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

/** A read whose answer could not be read is sent once more. */
function retriedRead({ effect }: Command, answer: Answer): Answer {
  if (answer.ok || effect !== 'read' || answer.fault.code !== 'portal_error' || answer.fault.upstream?.error !== '')
    return answer;
  return { ...answer, fault: answer.fault.with({ retryReason: 'read_lost' }) };
}

type SentCall = EncodableCall & Pick<Command, 'method' | 'effect'>;

/** Faults that one command can cause for the whole batch it shares. */
const unanswered: ReadonlySet<FaultCode> = new Set(['answer_too_large', 'outcome_unknown', 'portal_error']);

/** @throws ExchangeFailure */
function exchange(
  { post, tokenIn = 'body' }: UpstreamOptions,
  { endpoint, accessToken }: Authorization,
  call: SentCall,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { v3 } = call;
  // Version 3 compares the bodies of retries, so the token stays out of them.
  const isInBody = tokenIn === 'body' && !v3;
  const token = accessToken?.reveal();
  const pieces = callBody(call, isInBody ? token : undefined);
  const [text] = pieces;
  const url = v3 ? endpoint.reveal().replace('/rest/', '/rest/api/') : endpoint.reveal();
  const headers = isInBody ? undefined : headersOf(token, v3?.idempotencyKey);
  const body = {
    type: 'application/json',
    text: pieces.length === 1 && typeof text === 'string' ? text : pieces,
  } as const;
  return post(url + call.method, body, { timeoutMs: callTimeoutMs, signal, ...(headers && { headers }) });
}

function headersOf(token: string | undefined, idempotencyKey: string | undefined): Record<string, string> {
  return {
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
  };
}

function exchangeFault({ sent, reason }: ExchangeFailure, isRead: boolean): Fault {
  if (reason === hostNotAllowed) return new Fault('host_not_allowed');
  if (reason === answerTooLarge) return new Fault('answer_too_large');
  return new Fault(sent ? 'outcome_unknown' : 'portal_unreachable', {
    detail: failureDetail(sent, reason),
    // A portal that needed too long for it would need as long for a second attempt.
    ...(sent && isRead && reason !== exchangeTimedOut && { retryReason: 'read_lost' }),
  });
}

function failureDetail(sent: boolean, reason: string): string {
  if (sent)
    return `The connection to the portal ended without an answer (${reason}); the call may have been carried out.`;
  if (isProxyFailure(reason))
    return `The gateway's outgoing proxy made no connection to the portal (${reason}), so the call was not sent.`;
  return `No connection to the portal could be made (${reason}), so the call was not sent.`;
}
