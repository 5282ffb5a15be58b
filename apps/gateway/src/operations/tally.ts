import { Counter, type Registry } from 'prom-client';

type Labels = readonly [string, string, string];

interface TallyEntry<L extends Labels> {
  readonly labels: Record<L[number], string | number>;
  count: number;
}

export interface TallyOptions<L extends Labels> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: L;
  readonly registers: Registry[];
}

/**
 * A counter with three labels for the path of every call. It looks numbers up by the label values; prom-client's own
 * counter would hash an object of labels each time, and gets the numbers when it is read.
 */
export class Tally<const L extends Labels> {
  private readonly entries = new Map<string, Map<string, Map<string | number, TallyEntry<L>>>>();

  constructor(private readonly options: TallyOptions<L>) {
    const all = () => this.all();
    new Counter<L[number]>({
      ...options,
      collect() {
        this.reset();
        for (const { labels, count } of all()) this.inc(labels, count);
      },
    });
  }

  count(first: string, second: string, third: string | number): void {
    const entry = this.entries.get(first)?.get(second)?.get(third) ?? this.added(first, second, third);
    entry.count++;
  }

  private added(first: string, second: string, third: string | number): TallyEntry<L> {
    const [a, b, c]: readonly L[number][] = this.options.labelNames;
    const labels = Object.fromEntries([
      [a, first],
      [b, second],
      [c, third],
    ]) as TallyEntry<L>['labels'];
    const entry = { labels, count: 0 };
    inner(inner(this.entries, first), second).set(third, entry);
    return entry;
  }

  private *all(): Iterable<TallyEntry<L>> {
    for (const bySecond of this.entries.values()) for (const byThird of bySecond.values()) yield* byThird.values();
  }
}

function inner<K, V>(maps: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const known = maps.get(name);
  if (known) return known;
  const map = new Map<K, V>();
  maps.set(name, map);
  return map;
}
