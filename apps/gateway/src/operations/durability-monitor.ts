import type { Clock } from '@b24/portal';
import { checkDurability, type DurabilityWarning, type StoreConnection } from '@b24/redis';
import type { FastifyBaseLogger } from 'fastify';

const lookEveryMs = 60_000;

/** Checks at the start and every minute whether Redis may evict or lose data that only it stores. */
export class DurabilityMonitor {
  warnings: readonly DurabilityWarning[] = [];
  private stopLooking: (() => void) | undefined;
  private looked = false;
  private closed = false;

  constructor(
    private readonly store: StoreConnection,
    private readonly clock: Clock,
    private readonly log: Pick<FastifyBaseLogger, 'error' | 'warn' | 'info'>,
  ) {}

  /** 1 if Redis is durable, 0 if it may lose data, NaN if unknown. */
  get durable(): number {
    const codes = new Set(this.warnings.map(({ code }) => code));
    if (codes.has('evicts') || codes.has('forgets') || codes.has('write_failed')) return 0;
    return codes.has('unknown') || !this.looked ? NaN : 1;
  }

  start(): void {
    void this.look();
  }

  /** Checks now, and again every minute. */
  async look(): Promise<void> {
    const before = this.warnings;
    this.warnings = await checkDurability(this.store);
    this.looked = true;
    this.report(before);
    this.stopLooking?.();
    if (this.closed) return;
    this.stopLooking = this.clock.after(lookEveryMs, () => void this.look());
  }

  close(): void {
    this.closed = true;
    this.stopLooking?.();
  }

  /** Logs each new warning once, and its end once. */
  private report(before: readonly DurabilityWarning[]): void {
    const had = new Set(before.map(({ code }) => code));
    for (const { code, detail } of this.warnings.filter((it) => !had.has(it.code))) {
      const line = { durability: code };
      if (code === 'would_evict' || code === 'unknown') this.log.warn(line, detail);
      else this.log.error(line, detail);
    }
    if (before.length > 0 && this.warnings.length === 0) this.log.info('Redis keeps what it is given');
  }
}
