import type { WireOutcome } from './wire';

interface Count {
  asked: number;
  good: number;
  refused: number;
  failed: number;
  none: number;
}

/** Counts the outcomes of the requests, by operation. */
export class FuzzTally {
  private readonly counts = new Map<string, Count>();

  note(operationId: string, outcome: WireOutcome): void {
    const count = this.counts.get(operationId) ?? { asked: 0, good: 0, refused: 0, failed: 0, none: 0 };
    this.counts.set(operationId, count);
    count.asked += 1;
    if (typeof outcome === 'string') count.none += 1;
    else if (outcome.status >= 500) count.failed += 1;
    else if (outcome.status >= 400) count.refused += 1;
    else count.good += 1;
  }

  get asked(): number {
    return this.sum('asked');
  }

  /** The share of all requests that succeeded. */
  get shareOfGood(): number {
    return this.sum('good') / Math.max(1, this.asked);
  }

  get neverGood(): string[] {
    return [...this.counts].filter(([, { good }]) => good === 0).map(([id]) => id);
  }

  toString(): string {
    const rows = [...this.counts].map(([id, it]) => rowOf(id, it));
    const total = rowOf('all', {
      asked: this.asked,
      good: this.sum('good'),
      refused: this.sum('refused'),
      failed: this.sum('failed'),
      none: this.sum('none'),
    });
    const head = `${'operation'.padEnd(24)} requests     2xx     4xx     5xx  none`;
    const missed = this.neverGood.length > 0 ? [`Never reached 2xx: ${this.neverGood.join(', ')}.`] : [];
    return [head, ...rows, total, ...missed].join('\n');
  }

  private sum(of: keyof Count): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count[of], 0);
  }
}

function rowOf(id: string, { asked, good, refused, failed, none }: Count): string {
  const share = (part: number) => `${((100 * part) / asked).toFixed(1)} %`.padStart(8);
  return `${id.padEnd(24)} ${`${asked}`.padStart(8)}${share(good)}${share(refused)}${share(failed)}${`${none}`.padStart(6)}`;
}
