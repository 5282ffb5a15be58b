export interface FairShareLimits {
  /** Slots in total. */
  readonly maxSlots: number;
  /** Maximum slots of one name, even if more are free. */
  readonly maxSlotsPerName: number;
}

/**
 * Slots shared between names, in memory. A name may hold as many as are free: alone it gets half of them, two get a
 * third each, and some are always left for a name that holds none. (Dynamic thresholds: Choudhury and Hahne, "Dynamic
 * queue length thresholds for shared-memory packet switches", 1998.)
 */
export class FairShare {
  private readonly held = new Map<string, number>();
  private taken = 0;

  constructor(private readonly limits: FairShareLimits) {}

  /** Takes a slot and returns an idempotent function that releases it; undefined if there is none. */
  enter(name: string): (() => void) | undefined {
    const { maxSlots: places, maxSlotsPerName: perName } = this.limits;
    const held = this.held.get(name) ?? 0;
    if (held >= perName || held >= places - this.taken) return undefined;
    this.held.set(name, held + 1);
    this.taken++;
    let isHeld = true;
    return () => {
      if (isHeld) this.leave(name);
      isHeld = false;
    };
  }

  private leave(name: string): void {
    const held = (this.held.get(name) ?? 0) - 1;
    this.taken--;
    if (held > 0) this.held.set(name, held);
    else this.held.delete(name);
  }
}
