import type { Clock } from '@b24/portal';

export interface BudgetLimits {
  /** So many at once. */
  readonly capacity: number;
  /** So many more each second. */
  readonly perSecond: number;
  /** Names kept in mind; the one not heard of for longest is forgotten first, and begins anew if it comes again. */
  readonly most: number;
}

/** A hair less than 1: what comes exactly when it was told to must not fail for a rounding. */
const one = 1 - 1e-6;

interface Budget {
  left: number;
  atMs: number;
}

/** A token bucket for each name, in this process, in bounded memory. */
export class Budgets {
  private readonly budgets = new Map<string, Budget>();

  constructor(
    private readonly limits: BudgetLimits,
    private readonly clock: Clock,
  ) {}

  /** Returns how many ms until there is one, 0 when there is; takes nothing. */
  waitMs(name: string): number {
    return this.shortMs(this.budgetOf(name));
  }

  /** Takes one. 0 when there was one, else how many ms until there is. */
  take(name: string): number {
    const budget = this.budgetOf(name);
    const waitMs = this.shortMs(budget);
    if (waitMs > 0) return waitMs;
    budget.left = Math.max(0, budget.left - 1);
    return 0;
  }

  /** What was taken turned out to be no burden. */
  giveBack(name: string): void {
    const budget = this.budgetOf(name);
    budget.left = Math.min(this.limits.capacity, budget.left + 1);
  }

  /** Names in mind. */
  get size(): number {
    return this.budgets.size;
  }

  private shortMs({ left }: Budget): number {
    return left < one ? Math.ceil(((one - left) / this.limits.perSecond) * 1000) : 0;
  }

  private budgetOf(name: string): Budget {
    const { capacity, perSecond, most } = this.limits;
    const nowMs = this.clock.now();
    const budget = this.budgets.get(name) ?? { left: capacity, atMs: nowMs };
    budget.left = Math.min(capacity, budget.left + (Math.max(0, nowMs - budget.atMs) * perSecond) / 1000);
    budget.atMs = nowMs;
    // Put last: a Map keeps the order in which names came.
    this.budgets.delete(name);
    this.budgets.set(name, budget);
    const [oldest] = this.budgets.keys();
    if (this.budgets.size > most && oldest !== undefined) this.budgets.delete(oldest);
    return budget;
  }
}
