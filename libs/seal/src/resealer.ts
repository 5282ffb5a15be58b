import { fieldSwap, type StoreConnection } from '@b24/redis';
import { type Keyring, keyIdOf } from './keyring';
import type { SealedStore, SealedText } from './sealed-store';

/** Counts records of a store that had something sealed under another key than the first. */
export interface ResealCounts {
  /** Records that are now under the first key. */
  readonly resealed: number;
  /** Records under an unknown key, or damaged. They stay as they are. */
  readonly unopened: number;
}

/** Finds out which encryption keys are in use and seals stored texts under the first one, beside running replicas. */
export class Resealer {
  private readonly swapFields;

  constructor(
    redis: StoreConnection,
    private readonly keyring: Keyring,
  ) {
    this.swapFields = fieldSwap(redis);
  }

  /** Returns how many records hold something sealed under each key, by key id. */
  async keysInUse(store: SealedStore): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for await (const page of store.pages()) {
      for (const record of page) {
        const ids = new Set(record.flatMap(({ sealed }) => keyIdOf(sealed) ?? []));
        for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** Seals under the first key what is sealed under another. Safe to run again, and to stop, at any time. */
  async reseal(store: SealedStore): Promise<ResealCounts> {
    const counts = { resealed: 0, unopened: 0, unchanged: 0 };
    for await (const page of store.pages()) {
      const outcomes = await Promise.all(page.map((record) => this.resealRecord(record)));
      for (const outcome of outcomes) counts[outcome]++;
    }
    const { resealed, unopened } = counts;
    return { resealed, unopened };
  }

  private async resealRecord(record: readonly SealedText[]): Promise<'resealed' | 'unopened' | 'unchanged'> {
    const stale = record.filter(({ purpose, sealed }) => this.keyring.for(purpose).isStale(sealed));
    const swaps = this.swapsOf(stale);
    if (!swaps) return 'unopened';
    const replaced = await Promise.all([...swaps].map(([key, fields]) => this.swapFields(key, ...fields)));
    return replaced.some((count) => count > 0) ? 'resealed' : 'unchanged';
  }

  /** Returns field, value, new value … by Redis key; undefined if one text does not open, so a record changes as a whole. */
  private swapsOf(stale: readonly SealedText[]): Map<string, string[]> | undefined {
    const values = new Map<string, { text: SealedText; value: string }>();
    try {
      for (const text of stale) {
        const name = `${text.key} ${text.field}`;
        const before = values.get(name)?.value ?? text.value;
        const fresh = this.keyring.for(text.purpose).reseal(text.sealed, text.aad);
        values.set(name, { text, value: before.replace(text.sealed, () => fresh) });
      }
    } catch {
      return undefined;
    }
    const swaps = new Map<string, string[]>();
    for (const { text, value } of values.values())
      swaps.set(text.key, [...(swaps.get(text.key) ?? []), text.field, text.value, value]);
    return swaps;
  }
}
