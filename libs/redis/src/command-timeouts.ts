import type { Clock } from '@b24/portal';

/** The part of an ioredis command that a timeout needs. */
export interface TimedCommand {
  readonly isSettled: boolean;
  reject(error: Error): void;
}

const ticks = 8;

/** The message of the error of a command that Redis did not answer in time. */
export const timedOutMessage = 'Command timed out';

/**
 * Fails commands that Redis does not answer in time. Time is counted in ticks, each a turn of the event loop that has
 * read what came in before it: a replica that was busy itself for seconds does not take its own pause for Redis's.
 * ioredis's `commandTimeout` does, because its timers run before the answers that wait in the socket are read.
 */
export class CommandTimeouts {
  private readonly pending: { readonly command: TimedCommand; readonly dueAtTick: number }[] = [];
  private tick = 0;
  private ticking = false;

  /** @param timeoutMs a command fails between this and an eighth more after it was sent */
  constructor(
    private readonly clock: Clock,
    private readonly timeoutMs: number,
  ) {}

  watch(command: TimedCommand): void {
    this.pending.push({ command, dueAtTick: this.tick + ticks + 1 });
    if (!this.ticking) this.next();
  }

  private next(): void {
    this.ticking = true;
    this.clock.after(this.timeoutMs / ticks, this.onTick);
  }

  private readonly onTick = () => {
    this.tick++;
    let stored = 0;
    for (const entry of this.pending) {
      if (entry.command.isSettled) continue;
      if (entry.dueAtTick <= this.tick) entry.command.reject(new Error(timedOutMessage));
      else this.pending[stored++] = entry;
    }
    this.pending.length = stored;
    if (stored === 0) this.ticking = false;
    else this.next();
  };
}
