import { randomBytes } from 'node:crypto';
import { orStoreUnavailable, type StoreConnection } from '@b24/redis';
import { CallTally } from './call-tally';
import { type UsageLine, UsageTally } from './usage-tally';

export const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** How long minutes, and hours, are stored. */
const minutesStoredMs = dayMs;
const hoursStoredMs = 31 * dayMs;

/** Periods of one length: a hash of each longer period has them, by number and replica. */
export interface Periods {
  readonly name: 'minute' | 'hour';
  readonly lengthMs: number;
  /** The length of the longer period. */
  readonly hashMs: number;
  readonly storedMs: number;
}

export const minutes: Periods = { name: 'minute', lengthMs: minuteMs, hashMs: hourMs, storedMs: minutesStoredMs };
export const hours: Periods = { name: 'hour', lengthMs: hourMs, hashMs: dayMs, storedMs: hoursStoredMs };

/** One period of one portal; times in unix milliseconds. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly tally: CallTally;
}

/** The history of calls in Redis (docs/storage.md). Each replica writes fields of its own, so that nothing is read to be written. */
export class HistoryStore {
  /** A name of its own for each start: after a restart, a replica does not know what it counted before. */
  private readonly replica = randomBytes(4).toString('hex');

  constructor(private readonly redis: StoreConnection) {}

  /** Stores what this replica counted of a period so far. @throws Fault store_unavailable */
  async putCalls(portal: string, periods: Periods, atMs: number, tally: CallTally): Promise<void> {
    const field = `${numberOf(atMs, periods)}.${this.replica}`;
    await this.put(callsKey(portal, periods, atMs), field, tally.encode(), periods);
  }

  /** Stores who used a portal in the hash of a period so far. @throws Fault store_unavailable */
  async putUsage(portal: string, periods: Periods, atMs: number, tally: UsageTally): Promise<void> {
    await this.put(usageKey(portal, periods, atMs), this.replica, tally.encode(), periods);
  }

  /** Returns the periods with calls, oldest first. @throws Fault store_unavailable */
  async calls(portal: string, periods: Periods, fromMs: number, toMs: number): Promise<HistoryPoint[]> {
    const points = new Map<number, CallTally>();
    for (const [startMs, fields] of await this.hashes(fromMs, toMs, periods, (at) => callsKey(portal, periods, at)))
      for (const [field, text] of Object.entries(fields)) {
        const atMs = startMs + Number.parseInt(field, 10) * periods.lengthMs;
        if (atMs + periods.lengthMs <= fromMs || atMs >= toMs) continue;
        const tally = points.get(atMs) ?? new CallTally();
        tally.merge(CallTally.decode(text));
        points.set(atMs, tally);
      }
    return [...points].sort(([a], [b]) => a - b).map(([atMs, tally]) => ({ atMs, tally }));
  }

  /** Returns who used a portal in all hashes of a span. @throws Fault store_unavailable */
  async usage(portal: string, periods: Periods, fromMs: number, toMs: number): Promise<UsageLine[]> {
    const all = new UsageTally();
    for (const [, fields] of await this.hashes(fromMs, toMs, periods, (at) => usageKey(portal, periods, at)))
      for (const text of Object.values(fields)) all.merge(UsageTally.decode(text));
    return all.sorted();
  }

  private async put(key: string, field: string, text: string, { hashMs, storedMs }: Periods): Promise<void> {
    await orStoreUnavailable(() =>
      Promise.all([this.redis.hset(key, field, text), this.redis.pexpire(key, storedMs + hashMs)]),
    );
  }

  private hashes(fromMs: number, toMs: number, { hashMs }: Periods, keyOf: (atMs: number) => string) {
    const first = Math.floor(fromMs / hashMs) * hashMs;
    const starts = Array.from(
      { length: Math.max(0, Math.ceil((toMs - first) / hashMs)) },
      (_, i) => first + i * hashMs,
    );
    return orStoreUnavailable(() =>
      Promise.all(starts.map(async (startMs) => [startMs, await this.redis.hgetall(keyOf(startMs))] as const)),
    );
  }
}

function numberOf(atMs: number, { lengthMs, hashMs }: Periods): number {
  return Math.floor((atMs % hashMs) / lengthMs);
}

function callsKey(portal: string, { name, hashMs }: Periods, atMs: number): string {
  return `b24:{${portal}}:history:${name}s:${Math.floor(atMs / hashMs)}`;
}

function usageKey(portal: string, { name, hashMs }: Periods, atMs: number): string {
  return `b24:{${portal}}:history:${name === 'minute' ? 'users-of-hour' : 'users-of-day'}:${Math.floor(atMs / hashMs)}`;
}
