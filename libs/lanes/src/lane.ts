import { asFault, type Answer, type Clock, type Command, Fault, type PortalId, type Send } from '@b24/portal';
import type { Bucket } from './bucket';

/** Told of what the lanes do, for metrics. */
export interface LaneObserver {
  departed(portal: PortalId, queueMs: number, seats: number): void;
  stoodBack(portal: PortalId): void;
}

export interface LaneOptions {
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly next: Send;
  /** Run before each departure takes from the bucket: what it does may be slow, and a taken drop must leave at once. */
  readonly prepare: (portal: PortalId) => Promise<void>;
  /** Calls that may wait here, on this replica. */
  readonly queueLimit: number;
  readonly drainPerSecond: number;
  /** How long a caller usually waits, for an honest Retry-After. */
  readonly callTimeoutMs: number;
  readonly observer: LaneObserver;
}

/** One caller's commands, waiting for a seat. */
interface Party {
  readonly commands: readonly Command[];
  readonly signal: AbortSignal;
  readonly enteredAt: number;
  /** From then on a caller who leaves does not undo what may have been sent. */
  departed: boolean;
  resolve(answers: readonly Answer[]): void;
  reject(fault: Fault): void;
}

/**
 * The calls of this replica that wait for one portal, and their departures.
 * At most one departure waits at the bucket; whoever is first in the lane when it is let out goes with it.
 */
export class Lane {
  private readonly waiting = new Set<Party>();
  private trips = 0;
  private departing = false;
  /** When the lane last had anything to do, unix milliseconds. */
  private lastUsedAt: number;

  constructor(
    private readonly portal: PortalId,
    private readonly options: LaneOptions,
  ) {
    this.lastUsedAt = options.clock.now();
  }

  get state(): { waiting: number; inFlight: number } {
    return { waiting: this.waiting.size, inFlight: this.trips };
  }

  idleSince(): number | undefined {
    return this.departing || this.waiting.size > 0 || this.trips > 0 ? undefined : this.lastUsedAt;
  }

  send(commands: readonly Command[], signal: AbortSignal): Promise<readonly Answer[]> {
    if (this.waiting.size >= this.options.queueLimit) return Promise.reject(this.full());
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(asFault(signal.reason));
        return;
      }
      const leave = () => {
        party.reject(party.departed ? afterDeparture(signal.reason) : asFault(signal.reason));
      };
      const end = () => {
        this.waiting.delete(party);
        signal.removeEventListener('abort', leave);
      };
      const party: Party = {
        commands,
        signal,
        enteredAt: this.options.clock.now(),
        departed: false,
        resolve: (answers) => {
          end();
          resolve(answers);
        },
        reject: (fault) => {
          end();
          reject(fault);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.waiting.add(party);
      void this.letOut();
    });
  }

  /** Everyone who still waits is told the fault. */
  clear(fault: Fault): void {
    for (const party of [...this.waiting]) party.reject(fault);
  }

  /** Departures one after the other, for as long as anyone waits. Never rejects. */
  private async letOut(): Promise<void> {
    if (this.departing) return;
    this.departing = true;
    while (this.waiting.size > 0) {
      try {
        await this.options.prepare(this.portal);
        if (this.waiting.size === 0) break;
        await this.options.bucket.take(this.portal);
        await this.depart();
      } catch (error) {
        this.clear(asFault(error));
      }
    }
    this.departing = false;
    this.lastUsedAt = this.options.clock.now();
  }

  private async depart(): Promise<void> {
    const [party] = this.fillSeats();
    // Everyone left while the departure waited: the drop is not wasted.
    if (!party) return this.options.bucket.giveBack(this.portal);
    const queueMs = this.options.clock.now() - party.enteredAt;
    this.options.observer.departed(this.portal, queueMs, party.commands.length);
    void this.travel(party, queueMs);
  }

  /** Who goes with this departure. One party a trip until trips carry batches. */
  private fillSeats(): readonly Party[] {
    for (const party of this.waiting) {
      this.waiting.delete(party);
      party.departed = true;
      return [party];
    }
    return [];
  }

  private async travel(party: Party, queueMs: number): Promise<void> {
    this.trips++;
    try {
      const answers = await this.options.next(this.portal, party.commands, party.signal);
      party.resolve(answers.map((answer) => ({ ...answer, spent: { ...answer.spent, queueMs } })));
    } catch (error) {
      party.reject(await this.failed(asFault(error)));
    } finally {
      this.trips--;
      this.lastUsedAt = this.options.clock.now();
    }
  }

  private async failed(fault: Fault): Promise<Fault> {
    if (fault.again === 'bucket_full') {
      this.options.observer.stoodBack(this.portal);
      await this.options.bucket.standBack(this.portal).catch(() => undefined);
    }
    return fault;
  }

  private full(): Fault {
    const { drainPerSecond, callTimeoutMs } = this.options;
    const untilShortMs = (this.waiting.size / drainPerSecond) * 1000 - callTimeoutMs;
    // Nobody waits here longer than its deadline, so by then the lane has room whatever it holds now.
    const retryAfterMs = Math.max(1000, Math.min(untilShortMs, callTimeoutMs));
    return new Fault('lane_full', {
      detail: `${this.waiting.size} calls wait for this portal, which takes ${drainPerSecond} a second; come back after Retry-After.`,
      retryAfterMs,
    });
  }
}

function afterDeparture(reason: unknown): Fault {
  const fault = asFault(reason);
  return fault.code === 'deadline_exceeded' ? new Fault('outcome_unknown') : fault;
}
