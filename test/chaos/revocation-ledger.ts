import type { SimulatedPortal } from '../../apps/portal-simulator/src';

/** How long an ended right may still be used: a replica may rely on what it has read for this long. */
const allowedMs = 1000;
/** How much later a call may have reached the portal that was sent by then, on a busy machine. */
const onTheWayMs = 500;

/** A right that ended: a deleted or replaced key, or the calls of a portal while it is suspended. Unix ms. */
interface EndedRight {
  readonly what: string;
  /** When the gateway had confirmed the end. */
  readonly endedAtMs: number;
  /** When the right began once more. */
  untilMs: number;
}

/**
 * Records which rights ended when, and compares that with the requests that portals received. A call is recognized by its
 * parameter `marker`: the name of its right, when it began, and a number.
 */
export class RevocationLedger {
  readonly counts = { deleted: 0, replaced: 0, suspended: 0 };
  private lastRight = 0;
  private readonly ended = new Map<string, EndedRight[]>();

  /** Returns a name that no other right has; the storms of a scenario repeat their actors. */
  nameRight(of: string): string {
    return `${of} ${++this.lastRight}`;
  }

  /** @param right a name by `nameRight` */
  end(right: string, how: 'deleted' | 'replaced' | 'suspended', nowMs: number): EndedRight {
    const entry = { what: how, endedAtMs: nowMs, untilMs: Infinity };
    this.ended.set(right, [...(this.ended.get(right) ?? []), entry]);
    this.counts[how]++;
    return entry;
  }

  /** Suspensions that are lost with Redis end here. */
  forgetSuspensions(nowMs: number): void {
    for (const entries of this.ended.values())
      for (const entry of entries) if (entry.what === 'suspended') entry.untilMs = Math.min(entry.untilMs, nowMs);
  }

  /** Returns a marker for a call that begins now. */
  markerOf(right: string, call: string, nowMs: number): string {
    return [right, nowMs, call].join('/');
  }

  /**
   * Describes each call that reached the portal by a right that had ended. A command of a batch came with it, although the
   * portal runs it later.
   * @param stalledMs how long this process, which is also the portal, has stalled at most
   */
  violations({ requests }: SimulatedPortal, stalledMs: number): string[] {
    const cameAt = new Map(requests.map(({ id, at }) => [id, at]));
    return requests.flatMap(({ at: ranAt, batchOf, params: { marker } }) => {
      const at = batchOf === undefined ? ranAt : (cameAt.get(batchOf) ?? ranAt);
      if (typeof marker !== 'string') return [];
      const [right = '', beganAtMs] = marker.split('/');
      const began = Number(beganAtMs);
      const by = this.ended.get(right)?.find(({ endedAtMs, untilMs }) => {
        const isLate = began > endedAtMs + allowedMs || at > endedAtMs + allowedMs + onTheWayMs + stalledMs;
        return isLate && at < untilMs && began < untilMs;
      });
      if (!by) return [];
      const [beganMs, cameMs] = [began - by.endedAtMs, at - by.endedAtMs];
      return [`${marker} was ${by.what}, a call began ${beganMs} ms later and came ${cameMs} ms later`];
    });
  }
}
