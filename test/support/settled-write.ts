import { type SettlementRule, settleWrite } from '@b24/idempotency';
import { type Command, Fault, type FaultCode } from '@b24/portal';
import { HandClock } from './hand-clock';

const callLimitMs = 30_000;
const write: Command = { method: 'write', params: {}, effect: 'write' };
const lookUp: Command = { method: 'read', params: {}, effect: 'read' };
export const advice = 'Look it up.';

const unique: SettlementRule<string> = {
  kind: 'unique',
  lookUp,
  isAsSent: (found) => found === 'mine',
  absentCode: 'backlog_not_found',
  conflictCode: 'backlog_already_exists',
  advice,
};
const state: SettlementRule<string> = {
  kind: 'state',
  lookUp,
  isAsSent: (found) => found === 'mine',
  isBefore: (found) => found === 'before',
  conflictCode: 'sprint_already_active',
  advice,
};
const repeatable: SettlementRule<string> = { kind: 'repeatable', advice };
const unsettled: SettlementRule<string> = { kind: 'unsettled', advice };
const removal: SettlementRule<string> = {
  kind: 'removal',
  hidesFailure: false,
  goneCode: 'stage_not_found',
  blockedCode: 'stage_not_empty',
  advice,
};
const hidingRemoval: SettlementRule<string> = { ...removal, hidesFailure: true };

/** What the portal answers to a request: a value, or a fault by its code. */
export type Reply = { readonly value: string } | FaultCode | Fault;
export const value = (it: string): Reply => ({ value: it });
export const lost: Reply = 'outcome_unknown';
/** Lost, but the portal has ended the call. */
export const ended: Reply = 'portal_error';

export interface Course {
  readonly replies: readonly Reply[];
  /** An earlier request may run for this long. */
  readonly earlierMs?: number;
  readonly deadlineMs?: number;
  /** The caller stopped waiting before. */
  readonly isAbandoned?: boolean;
  /** The caller stops waiting after this long. */
  readonly abortAfterMs?: number;
}

export interface Settled {
  /** Every request, with the milliseconds since the start. */
  readonly sent: string;
  readonly result: string | undefined;
  readonly fault?: Fault;
}

/** Runs a write against the replies; a request beyond them is a bug. */
export async function settled(rule: SettlementRule<string>, course: Course): Promise<Settled> {
  const clock = new HandClock();
  const startMs = clock.now();
  const replies = [...course.replies];
  const sent: string[] = [];
  const caller = new AbortController();
  if (course.isAbandoned) caller.abort(new Fault('deadline_exceeded'));
  if (course.abortAfterMs !== undefined)
    clock.after(course.abortAfterMs, () => caller.abort(new Fault('deadline_exceeded')));
  const send = ({ method }: Command): Promise<string> => {
    sent.push(`${method}@${clock.now() - startMs}`);
    const reply = replies.shift() ?? new Fault('internal_error', { detail: 'no reply left' });
    if (typeof reply === 'object' && 'value' in reply) return Promise.resolve(reply.value);
    return Promise.reject(typeof reply === 'string' ? new Fault(reply) : reply);
  };
  let outcome: { readonly result: string } | { readonly fault: Fault } | undefined;
  const { earlierMs, deadlineMs = 120_000 } = course;
  settleWrite<string>({
    command: write,
    rule,
    send,
    signal: caller.signal,
    deadlineAtMs: startMs + deadlineMs,
    clock,
    callLimitMs,
    ...(earlierMs !== undefined && { unknownOutcome: { mayRunForMs: earlierMs } }),
  }).then(
    (result) => (outcome = { result }),
    (fault: unknown) => (outcome = { fault: fault as Fault }),
  );
  await clock.advance(200_000);
  if (replies.length > 0) throw new Error(`${replies.length} replies were not used: ${sent.join(' ')}`);
  if (!outcome) throw new Error('never settled');
  if ('result' in outcome) return { sent: sent.join(' '), result: outcome.result };
  return { sent: sent.join(' '), result: outcome.fault.code, fault: outcome.fault };
}

export const rules = { unique, state, repeatable, unsettled, removal, hidingRemoval };
export type RuleName = keyof typeof rules;
