/** Upper bounds of the buckets of call times, ms; one more bucket has all longer ones. */
const timeBounds: readonly number[] = [50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];
/** Different codes that a tally counts; further ones count as `other`. */
const maxCodes = 12;

/** What the history counts of a call that has ended. */
export interface CountedCall {
  readonly portal: string;
  readonly client: string;
  readonly clientName: string;
  readonly method: string;
  /** `ok`, or the code of the problem. */
  readonly outcome: string;
  readonly tookMs: number;
  readonly queueMs: number;
  readonly upstreamMs: number;
  /** Commands in the request that carried it; 0 if it was not sent. */
  readonly commands: number;
}

/** Calls of one portal in one period. */
export class CallTally {
  calls = 0;
  /** The share of requests that the calls used, in thousandths: a call that shared a request with three others used 250. */
  requestsMilli = 0;
  queueMs = 0;
  upstreamMs = 0;
  readonly times: number[] = Array<number>(timeBounds.length + 1).fill(0);
  /** Failed calls by code. */
  readonly codes = new Map<string, number>();

  add({ outcome, tookMs, queueMs, upstreamMs, commands }: CountedCall): void {
    this.calls++;
    this.requestsMilli += requestMilliOf(commands);
    this.queueMs += Math.round(queueMs);
    this.upstreamMs += Math.round(upstreamMs);
    this.times[bucketOf(tookMs)]!++;
    if (outcome !== 'ok') this.fail(outcome, 1);
  }

  merge(other: CallTally): void {
    this.calls += other.calls;
    this.requestsMilli += other.requestsMilli;
    this.queueMs += other.queueMs;
    this.upstreamMs += other.upstreamMs;
    other.times.forEach((count, i) => (this.times[i]! += count));
    for (const [code, count] of other.codes) this.fail(code, count);
  }

  get failed(): number {
    return [...this.codes.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The time, ms, within which this share of the calls ended, to the accuracy of the buckets; undefined without calls. */
  quantileMs(share: number): number | undefined {
    const wanted = this.calls * share;
    let below = 0;
    for (const [i, count] of this.times.entries()) {
      if (count > 0 && below + count >= wanted) return withinBucket(i, (wanted - below) / count);
      below += count;
    }
    return undefined;
  }

  /** Returns the tally as short text: numbers in base 36, then the codes. */
  encode(): string {
    const numbers = [this.calls, this.requestsMilli, this.queueMs, this.upstreamMs, ...this.times];
    const used = numbers.slice(0, numbers.findLastIndex((it) => it > 0) + 1);
    const text = used.map((it) => (it === 0 ? '' : it.toString(36))).join(',');
    const codes = [...this.codes].map(([code, count]) => `${code}=${count.toString(36)}`);
    return [text, ...codes].join(';');
  }

  /** Text that this program did not write counts nothing. */
  static decode(text: string): CallTally {
    const tally = new CallTally();
    const [numbers = '', ...codes] = text.split(';');
    const [calls = 0, requestsMilli = 0, queueMs = 0, upstreamMs = 0, ...times] = numbers.split(',').map(readNumber);
    Object.assign(tally, { calls, requestsMilli, queueMs, upstreamMs });
    for (const [i, count] of times.slice(0, tally.times.length).entries()) tally.times[i] = count;
    for (const [code = '', count = ''] of codes.map((it) => it.split('='))) tally.fail(code, readNumber(count));
    return tally;
  }

  private fail(code: string, count: number): void {
    const counted = this.codes.has(code) || this.codes.size < maxCodes ? code : 'other';
    this.codes.set(counted, (this.codes.get(counted) ?? 0) + count);
  }
}

export function requestMilliOf(commands: number): number {
  return commands > 0 ? Math.round(1000 / commands) : 0;
}

function bucketOf(ms: number): number {
  const bucket = timeBounds.findIndex((bound) => ms <= bound);
  return bucket < 0 ? timeBounds.length : bucket;
}

function withinBucket(bucket: number, share: number): number {
  const from = timeBounds[bucket - 1] ?? 0;
  const to = timeBounds[bucket] ?? from;
  return Math.round(from + (to - from) * Math.min(1, Math.max(0, share)));
}

function readNumber(text: string): number {
  return /^[0-9a-z]{1,11}$/.test(text) ? Number.parseInt(text, 36) : 0;
}
