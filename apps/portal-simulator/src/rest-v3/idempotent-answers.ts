import type { SimulatorClock } from '../clock';
import type { AuthenticatedCaller } from '../method-context';
import type { WireAnswer } from '../wire-answer';
import { V3Refusal } from './v3-refusal';

const lifetimeMs = 24 * 3_600_000;

export interface KeyedCall {
  readonly caller: AuthenticatedCaller;
  readonly method: string;
  /** The value of the header `Idempotency-Key`. */
  readonly key: string;
  readonly body: Buffer;
}

/**
 * Answers of successful writes, stored for 24 hours by application or webhook, user, method and `Idempotency-Key`
 * (docs/bitrix24-rules.md#rest-3). Bodies are compared byte by byte.
 */
export class IdempotentAnswers {
  private readonly stored = new Map<
    string,
    { readonly body: Buffer; readonly answer: WireAnswer; readonly until: number }
  >();

  constructor(private readonly clock: SimulatorClock) {}

  /** The stored answer with the header that says so; undefined when the method is to run. */
  replay(call: KeyedCall): WireAnswer | undefined {
    if (!/^[\x20-\x7e]{1,255}$/.test(call.key)) {
      throw V3Refusal.of('INVALIDIDEMPOTENCYKEY', 'The idempotency key is not 1 to 255 printable characters');
    }
    const entry = this.stored.get(nameOf(call));
    if (entry === undefined || entry.until <= this.clock.now()) return undefined;
    if (!entry.body.equals(call.body)) {
      throw V3Refusal.of('IDEMPOTENCYKEYREUSED', 'The idempotency key was used with a different request', 422);
    }
    return { ...entry.answer, headers: { ...entry.answer.headers, 'idempotent-replayed': 'true' } };
  }

  store(call: KeyedCall, answer: WireAnswer): void {
    this.stored.set(nameOf(call), { body: call.body, answer, until: this.clock.now() + lifetimeMs });
  }
}

function nameOf({ caller, method, key }: KeyedCall): string {
  const owner = caller.kind === 'webhook' ? caller.key : caller.owner;
  return JSON.stringify([owner, caller.userId, method.toLowerCase(), key]);
}
