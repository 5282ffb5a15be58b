import type { Clock } from '@b24/portal';
import type { Redis } from 'ioredis';
import { pairedConnection, type StoreConnection } from './connect-store';
import { Poller } from './poller';

/** Holds values of Redis in memory. */
export interface InvalidationListener {
  /** This key was changed. */
  invalidated(redisKey: string): void;
  /** Any key may have been changed. */
  flush(): void;
}

/** Reports changes of the keys that were read through `tracked`. */
export interface InvalidationSource {
  /** The connection whose reads are tracked; undefined while changes may be missed. */
  readonly tracked: StoreConnection | undefined;
  /** Whether every change until `maxProofAgeMs` before `nowMs` was reported. */
  isProven(nowMs: number): boolean;
  subscribe(listener: InvalidationListener): void;
}

/** Where nothing is tracked: every read goes to Redis. */
export const noInvalidations: InvalidationSource = {
  tracked: undefined,
  isProven: () => false,
  subscribe: () => undefined,
};

export interface InvalidationsOptions {
  readonly redis: StoreConnection;
  readonly clock: Clock;
  /** Called if Redis does not allow tracking. @param code of Redis, such as NOPERM */
  readonly onRefused: (code: string) => void;
}

const channel = '__redis__:invalidate';
const proveEveryMs = 250;
/** Together with the time of a call, less than the second within which a deleted key stops working everywhere. */
export const maxProofAgeMs = 750;
/** Before a refused command is sent again. */
const refusedPauseMs = 30_000;

/**
 * Client-side caching of Redis with two connections: one reads, and Redis reports changes of what it has read to the other.
 * Pings on both prove that each report sent before them has arrived. ioredis drops the reports of RESP3, which needs one
 * connection only. A cluster is not tracked. https://redis.io/docs/latest/develop/reference/client-side-caching/
 */
export class Invalidations implements InvalidationSource {
  tracked: Redis | undefined;
  private readonly listeners: InvalidationListener[] = [];
  private readonly poller: Poller;
  private pair: { readonly reads: Redis; readonly reports: Redis } | undefined;
  /** The client id of `reports`, once it is subscribed. */
  private redirectTo: number | undefined;
  /** Counts the ends of either connection. */
  private breaks = 0;
  /** When the newest answered pings were sent. */
  private provenAtMs = -Infinity;
  private refusedUntilMs = -Infinity;

  constructor(private readonly options: InvalidationsOptions) {
    const { clock } = options;
    this.poller = new Poller({ clock, everyMs: proveEveryMs, run: () => (this.tracked ? this.prove() : this.track()) });
  }

  isProven(nowMs: number): boolean {
    const ageMs = nowMs - this.provenAtMs;
    // Negative after the clock was set back: the age is unknown then.
    return ageMs >= 0 && ageMs <= maxProofAgeMs;
  }

  subscribe(listener: InvalidationListener): void {
    this.listeners.push(listener);
  }

  start(): void {
    const { redis } = this.options;
    const reads = pairedConnection(redis);
    const reports = pairedConnection(redis);
    if (!reads || !reports) return;
    this.pair = { reads, reports };
    this.watch(reads, () => undefined);
    this.watch(reports, () => (this.redirectTo = undefined));
    // eslint-disable-next-line no-restricted-syntax -- sent by Redis itself, as a list and not as a text
    reports.on('messageBuffer', (_channel: Buffer, redisKeys: unknown) => {
      this.receive(redisKeys);
    });
    // Its address may lead to another server now.
    redis.on('close', () => {
      for (const connection of [reads, reports]) if (connection.status === 'ready') connection.disconnect(true);
    });
    this.poller.start();
  }

  close(): void {
    this.poller.stop();
    this.break();
    this.pair?.reads.disconnect();
    this.pair?.reports.disconnect();
  }

  private watch(connection: Redis, onClose: () => void): void {
    connection.on('error', () => undefined); // reported by the connection that calls use
    connection.on('ready', () => {
      this.refusedUntilMs = -Infinity;
      this.poller.wake();
    });
    connection.on('close', () => {
      onClose();
      this.break();
    });
  }

  private break(): void {
    this.breaks++;
    this.tracked = undefined;
    this.provenAtMs = -Infinity;
    this.flush();
  }

  /** Never throws: anyone who may PUBLISH can send a text in place of the list. */
  private receive(redisKeys: unknown): void {
    if (!Array.isArray(redisKeys)) this.flush();
    else for (const key of redisKeys) for (const listener of this.listeners) listener.invalidated(String(key));
  }

  private flush(): void {
    for (const listener of this.listeners) listener.flush();
  }

  private async track(): Promise<void> {
    const { pair, breaks } = this;
    const isReady = pair?.reads.status === 'ready' && pair.reports.status === 'ready';
    if (!isReady || this.options.clock.now() < this.refusedUntilMs) return;
    try {
      const redirectTo = this.redirectTo ?? (await subscribed(pair.reports));
      if (breaks !== this.breaks) return;
      this.redirectTo = redirectTo;
      await pair.reads.client('TRACKING', 'ON', 'REDIRECT', redirectTo);
      if (breaks !== this.breaks) return;
      this.tracked = pair.reads;
    } catch (error) {
      this.refuse(error as Error);
      return;
    }
    await this.prove();
  }

  /** Tries again soon after a failure of the connection, and after a pause if Redis does not allow the command. */
  private refuse({ message }: Error): void {
    const code = /^(?:NOPERM|ERR (?:unknown|syntax))/.exec(message)?.[0];
    if (code === undefined) return;
    if (this.refusedUntilMs === -Infinity) this.options.onRefused(code);
    this.refusedUntilMs = this.options.clock.now() + refusedPauseMs;
  }

  private async prove(): Promise<void> {
    const { pair, breaks } = this;
    const sentAtMs = this.options.clock.now();
    await Promise.all([pair?.reads.ping(), pair?.reports.ping()]);
    if (breaks === this.breaks) this.provenAtMs = sentAtMs;
  }
}

/** Returns the connection's client id, which it can't ask for once it is subscribed. */
async function subscribed(reports: Redis): Promise<number> {
  const [id] = await Promise.all([reports.client('ID'), reports.subscribe(channel)]);
  return id;
}
