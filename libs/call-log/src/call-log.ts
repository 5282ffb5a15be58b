import { type Clock, Fault } from '@b24/portal';
import { Poller, type StoreConnection } from '@b24/redis';
import { CallBlock } from './call-block';
import type { CallRecord } from './call-record';
import type { BlockPlace, CallStore } from './call-store';

const writeIntervalMs = 1000;
const maxBlockCalls = 512;
/** A block of a quiet replica is closed after this time. */
const maxBlockAgeMs = 600_000;
/** Calls that wait for Redis: a few megabytes. */
const maxWaitingCalls = 10_000;

export interface CallLogOptions {
  readonly redis: Pick<StoreConnection, 'status'>;
  readonly store: Pick<CallStore, 'store'>;
  readonly clock: Clock;
  readonly log: { warn(fields: object, words: string): void; info(fields: object, words: string): void };
}

/**
 * Writes the calls of this replica to the call log. `record` adds to an array; once a second the open block, which holds up
 * to 512 calls, is written in place of its earlier state.
 */
export class CallLog {
  /** Calls that were not logged, because Redis was away for too long. */
  dropped = 0;
  private waiting: CallRecord[] = [];
  private block: CallBlock | undefined;
  /** Calls of the open block that are stored. */
  private stored = 0;
  private place: BlockPlace | undefined;
  private isFailing = false;
  private writing: Promise<void> = Promise.resolve();
  private readonly poller: Poller;

  constructor(private readonly options: CallLogOptions) {
    const { clock } = options;
    this.poller = new Poller({ clock, everyMs: writeIntervalMs, run: () => this.write(false) });
  }

  start(): void {
    this.poller.start('later');
  }

  /** Logs a call that has ended. Returns at once and never throws. */
  record(call: CallRecord): void {
    if (this.waiting.length >= maxWaitingCalls) {
      this.dropped++;
      return;
    }
    this.waiting.push(call);
    if (this.waiting.length === maxBlockCalls && !this.isFailing) this.poller.wake();
  }

  stop(): void {
    this.poller.stop();
  }

  /** Writes all calls, or drops those that Redis does not accept. */
  async settle(): Promise<void> {
    await this.write(true).catch(() => undefined);
    this.dropped += this.waiting.length + (this.block?.calls.length ?? 0) - this.stored;
    this.waiting = [];
  }

  /** Never two at once. */
  private write(isLast: boolean): Promise<void> {
    const written = this.writing.then(() => this.writeWaiting(isLast));
    this.writing = written.catch(() => undefined);
    return written;
  }

  private async writeWaiting(isLast: boolean): Promise<void> {
    try {
      // A part of a block waits for the next second: under load, writing it at once would never end.
      do await this.writeBlock(isLast);
      while (this.waiting.length >= (isLast ? 1 : maxBlockCalls));
      this.report(undefined);
    } catch (error) {
      this.report(error instanceof Fault ? error.code : 'internal_error');
      throw error;
    }
  }

  private async writeBlock(isLast: boolean): Promise<void> {
    const { clock, redis, store } = this.options;
    const block = this.filled();
    if (!block) return;
    const isOld = clock.now() - block.openedAtMs >= maxBlockAgeMs;
    const isClosed = isLast || isOld || block.calls.length >= maxBlockCalls;
    if (!isClosed && this.stored === block.calls.length) return;
    // A command queued inside the connection would hold the block in memory once more.
    if (redis.status !== 'ready') throw new Fault('store_unavailable');
    this.place = await store.store(this.place, await block.encode(isClosed));
    this.stored = block.calls.length;
    if (!isClosed) return;
    this.block = undefined;
    this.place = undefined;
    this.stored = 0;
  }

  /** Moves waiting calls to the open block. Returns it, if there is any. */
  private filled(): CallBlock | undefined {
    const room = maxBlockCalls - (this.block?.calls.length ?? 0);
    const calls = this.waiting.splice(0, room);
    if (calls.length === 0) return this.block;
    this.block ??= new CallBlock(this.options.clock.now());
    this.block.calls.push(...calls);
    return this.block;
  }

  /** Logs when a failure begins and when it ends. */
  private report(failure: string | undefined): void {
    const { log } = this.options;
    if (failure && !this.isFailing) log.warn({ failure }, 'cannot write the call log; calls wait');
    if (!failure && this.isFailing) log.info({ dropped: this.dropped }, 'call log writes resumed');
    this.isFailing = failure !== undefined;
  }
}
