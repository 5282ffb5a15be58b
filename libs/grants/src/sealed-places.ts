/** What became of the records of a place that held something under another key than the first. */
export interface Resealed {
  /** Now under the first key. */
  readonly changed: number;
  /** Under a key that is not known, or spoilt: left as they are. */
  readonly unopened: number;
}

/**
 * A kind of record that holds sealed texts. Each is in the list of `apps/gateway/src/sealed-places.ts`, so that no key
 * is taken away while something is still sealed under it.
 */
export interface SealedPlace {
  /** What its records are, as `portals`. */
  readonly records: string;
  /** How many records hold something sealed under each key, by key id. */
  keysInUse(): Promise<ReadonlyMap<string, number>>;
  /** Seals under the first key what is under another. Right to run at any time, beside living replicas, and again. */
  reseal(): Promise<Resealed>;
}
