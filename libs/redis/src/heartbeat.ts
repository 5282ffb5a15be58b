import type { Clock } from '@b24/portal';

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** Between the end of one renewal and the next; well below half of the lease. */
  readonly everyMs: number;
  /** Extends the lease. Resolves to `false` when another holder has it; rejects when the holder is unknown. */
  readonly renew: () => Promise<unknown>;
  /** Called once if another holds the lease. Without it the heartbeat goes on and may win the lease back. */
  readonly lost?: () => void;
}

/** Renews a lease for as long as its holder works. The returned function ends it. */
export function heartbeat({ clock, everyMs, renew, lost }: HeartbeatOptions): () => void {
  let ended = false;
  let callOff: () => void = () => undefined;
  const beat = async () => {
    const isHeld = await renew().catch(() => undefined);
    if (ended) return;
    if (isHeld === false && lost) lost();
    else schedule();
  };
  const schedule = () => {
    callOff = clock.after(everyMs, () => void beat());
  };
  schedule();
  return () => {
    ended = true;
    callOff();
  };
}
