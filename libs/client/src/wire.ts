import { waitBeforeNextMs } from './retry-wait';
import { type ClientClock, pause, systemClock } from './clock';
import { GatewayProblem, NoAnswer } from './failures';
import type { Problem } from './generated/types.gen';

export interface GatewayOptions {
  /** Where the gateway is, with a path before `/v1` if there is one. */
  readonly baseUrl: string;
  /** A client key. */
  readonly key: string;
  /** How long a call waits in all, its retries included; 120 000 by default, which lets a lost write be settled. */
  readonly deadlineMs?: number | undefined;
  /** How often a call goes at most; 4 by default, 1 for no retries. */
  readonly attempts?: number | undefined;
  /** Instead of the platform's own. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** Time, for tests. */
  readonly clock?: ClientClock | undefined;
  /** From 0 to 1, for tests. */
  readonly random?: (() => number) | undefined;
}

/** Of one call. */
export interface CallOptions {
  /** How long it waits in all; of a stream, until it begins, and for each of its portals or pages. */
  readonly deadlineMs?: number | undefined;
  readonly attempts?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Of a write: a name of your own. One is made for each call, and kept over its retries. */
  readonly idempotencyKey?: string | undefined;
  /** What the gateway's log shall know it by. */
  readonly requestId?: string | undefined;
  /** More, as `traceparent`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface CallRoute {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its parameters in braces. */
  readonly path: string;
  /** read: may go again. write: by its Idempotency-Key. once: a write that takes no key, and never goes again. */
  readonly effect: 'read' | 'write' | 'once';
  readonly prefer?: string;
}

/** What goes into the path, the query and the body. */
export type Given = Readonly<Record<string, unknown>>;
type Parts = Readonly<Record<string, string | number | boolean | undefined>>;

interface OutgoingCall {
  readonly url: string;
  readonly init: RequestInit & { readonly headers: Headers };
  readonly repeatable: boolean;
  readonly idempotencyKey?: string;
  readonly endsAtMs: number;
  readonly attempts: number;
  readonly signal?: AbortSignal | undefined;
}

const defaults = { deadlineMs: 120_000, attempts: 4 };
const maxDeadlineMs = 120_000;
/** The gateway tells of a deadline that has passed; if it does not for so long, it is not waited for. */
const graceMs = 1000;

/** One call: its attempts, and the pauses between them. */
export class Wire {
  readonly clock: ClientClock;

  constructor(private readonly options: GatewayOptions) {
    this.clock = options.clock ?? systemClock;
  }

  /**
   * Makes the call and reads its answer, as often as it is safe and may help.
   * @throws GatewayProblem, NoAnswer, or what the caller's signal was aborted with
   */
  async call<T>(
    route: CallRoute,
    given: Given,
    call: CallOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const prepared = this.prepared(route, given, call);
    const { attempts, repeatable, endsAtMs } = prepared;
    const { random = Math.random } = this.options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(prepared, read);
      } catch (error) {
        const leftMs = endsAtMs - this.clock.now();
        const waitMs = waitBeforeNextMs(error, { attempt, attempts, leftMs, repeatable, chance: random() });
        if (waitMs === undefined) throw error;
        await pause(this.clock, waitMs, prepared.signal);
      }
    }
  }

  private prepared({ verb, path, effect, prefer }: CallRoute, given: Given, call: CallOptions): OutgoingCall {
    const { baseUrl, key, deadlineMs = defaults.deadlineMs, attempts = defaults.attempts } = this.options;
    const idempotencyKey = effect === 'write' ? (call.idempotencyKey ?? crypto.randomUUID()) : undefined;
    const headers = new Headers({ ...call.headers, Authorization: `Bearer ${key}` });
    if (idempotencyKey !== undefined) headers.set('Idempotency-Key', idempotencyKey);
    if (call.requestId !== undefined) headers.set('X-Request-Id', call.requestId);
    if (prefer !== undefined) headers.set('Prefer', prefer);
    const { body } = given;
    if (body !== undefined) headers.set('Content-Type', 'application/json');
    return {
      url: urlOf(baseUrl, path, given as Parts),
      init: { method: verb, headers, redirect: 'manual', ...(body !== undefined && { body: JSON.stringify(body) }) },
      repeatable: effect !== 'once',
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      endsAtMs: this.clock.now() + (call.deadlineMs ?? deadlineMs),
      attempts: call.attempts ?? attempts,
      signal: call.signal,
    };
  }

  private async once<T>(prepared: OutgoingCall, read: (response: Response) => Promise<T>): Promise<T> {
    const { url, init, signal, idempotencyKey, endsAtMs } = prepared;
    signal?.throwIfAborted();
    const leftMs = endsAtMs - this.clock.now();
    init.headers.set('X-Deadline-Ms', String(Math.min(maxDeadlineMs, Math.max(1, Math.ceil(leftMs)))));
    const late = new AbortController();
    const callOff = this.clock.after(leftMs + graceMs, () => {
      late.abort(new Error('The deadline passed, and the gateway said nothing.'));
    });
    const { fetch = globalThis.fetch } = this.options;
    try {
      const response = await fetch(url, {
        ...init,
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
      });
      if (!response.ok) throw await failureOf(response, idempotencyKey);
      return await read(response);
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof GatewayProblem || error instanceof NoAnswer) throw error;
      throw new NoAnswer('The gateway gave no answer.', { cause: error, idempotencyKey });
    } finally {
      callOff();
    }
  }
}

/** How long it is to be waited, as the header says it in seconds or by a date. */
export function retryAfterMsOf(headers: Headers, nowMs: number): number | undefined {
  const text = headers.get('Retry-After');
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

async function failureOf(response: Response, idempotencyKey: string | undefined): Promise<Error> {
  const { status, headers } = response;
  const details = { retryAfterMs: retryAfterMsOf(headers, Date.parse(headers.get('Date') ?? '')), idempotencyKey };
  const isProblem = headers.get('Content-Type')?.startsWith('application/problem+json');
  if (isProblem) return new GatewayProblem((await response.json()) as Problem, details);
  await response.body?.cancel();
  return new NoAnswer(`Something before the gateway answered ${status}; check baseUrl.`, { ...details, status });
}

/** What the path does not name goes into the query. @throws TypeError for what can't be part of a path */
function urlOf(baseUrl: string, path: string, given: Parts): string {
  const inPath = new Set<string>();
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(name);
    const value = String(given[name] ?? '');
    // A URL takes these for no segment at all, and would lead elsewhere.
    if (['', '.', '..'].includes(value)) throw new TypeError(`${name} must be named.`);
    return encodeURIComponent(value);
  });
  const url = new URL(`${baseUrl.replace(/(?<!\/)\/+$/, '')}${filled}`);
  for (const [name, value] of Object.entries(given)) {
    if (name !== 'body' && !inPath.has(name) && value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}
