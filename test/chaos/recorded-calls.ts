import { randomUUID } from 'node:crypto';
import { mustBeDocumented } from '../support/documented';
import type { Chance } from './chance';
import type { Findings } from './findings';
import { OwnStalls } from './own-stalls';
import { pause, type ChaosCluster } from './cluster';

/** A call without an answer this long after its deadline counts as never answered. */
const foreverMs = 15_000;
/** Delay that a busy machine may add. */
const toleranceMs = Number(process.env['CHAOS_TOLERANCE_MS'] ?? 2000);

export interface ChaosCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly deadlineMs: number;
  readonly idempotencyKey?: string;
  /** The key of a client, or the admin key. */
  readonly key: string;
}

/** The answer that the caller received; undefined when the replica died or was not running. */
export interface ChaosReply {
  readonly status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- looked into by whoever asked
  readonly body: any;
  readonly replayed: boolean;
  readonly retryAfterMs: number;
  readonly replica: number;
}

/** Sends calls to random replicas and records every answer. */
export class RecordedCalls {
  readonly stalls = new OwnStalls();
  /** Calls that wait for an answer. */
  readonly open = new Set<string>();

  constructor(
    private readonly stage: ChaosCluster,
    private readonly findings: Findings,
  ) {}

  async call(chance: Chance, call: ChaosCall): Promise<ChaosReply | undefined> {
    const replica = chance.between(0, this.stage.berths.length - 1);
    return this.callAt(replica, call);
  }

  async callAt(replica: number, call: ChaosCall): Promise<ChaosReply | undefined> {
    const { findings } = this;
    const startedAt = performance.now();
    const stalledMs = this.stalls.totalMs;
    const reported = await this.received(replica, call);
    const lateMs = performance.now() - startedAt - call.deadlineMs - (this.stalls.totalMs - stalledMs);
    findings.calls++;
    const what = `${call.method} ${call.path} at replica ${replica}, ${this.stage.berths[replica]?.lives.length} lives`;
    if (lateMs > findings.latest.ms) findings.latest = { ms: lateMs, what: `${what}, ${new Date().toISOString()}` };
    if (reported === 'silence') findings.flaw('waiting', `${what} was never answered`);
    else if (lateMs > toleranceMs) findings.flaw('waiting', `${what} was ${Math.round(lateMs)} ms late`);
    if (reported === undefined || reported === 'silence') {
      findings.cut++;
      await pause(50);
      return undefined;
    }
    this.note(call, reported);
    return reported;
  }

  /** Returns undefined when the connection broke, `silence` when no answer came. */
  private async received(replica: number, call: ChaosCall): Promise<ChaosReply | undefined | 'silence'> {
    const name = `${call.method} ${call.path} at ${replica}, ${new Date().toISOString()}`;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), call.deadlineMs + foreverMs);
    this.open.add(name);
    try {
      return await this.fetched(replica, call, giveUp.signal);
    } catch {
      return giveUp.signal.aborted ? 'silence' : undefined;
    } finally {
      clearTimeout(timer);
      this.open.delete(name);
    }
  }

  private async fetched(replica: number, call: ChaosCall, signal: AbortSignal): Promise<ChaosReply> {
    const { method, path, body, deadlineMs, idempotencyKey, key } = call;
    const requestId = randomUUID();
    const response = await fetch(`${this.stage.berths[replica]?.url}${path}`, {
      method,
      signal,
      headers: {
        Authorization: `Bearer ${key}`,
        'X-Deadline-Ms': `${deadlineMs}`,
        'X-Request-Id': requestId,
        ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers } = response;
    if (headers.get('x-request-id') !== requestId) this.findings.flaw('crossed', `${path}: another's request id`);
    const type = headers.get('content-type') ?? '';
    const reported = text === '' ? undefined : (JSON.parse(text) as { code?: string });
    try {
      mustBeDocumented(method, path, { status, type, body: reported });
    } catch (error) {
      this.findings.flaw('faults', (error as Error).message);
    }
    const retryAfterMs = Number(headers.get('retry-after') ?? 0) * 1000;
    return { status, body: reported, replayed: headers.has('idempotent-replayed'), retryAfterMs, replica };
  }

  private note({ method, path }: ChaosCall, { status, body }: ChaosReply): void {
    if (status < 400) this.findings.answered++;
    else this.findings.counted(`${status} ${body?.code}`);
    if (status === 500) this.findings.flaw('faults', `${method} ${path}: ${JSON.stringify(body)}`);
  }
}
