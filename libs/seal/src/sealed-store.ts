import type { SealPurpose } from './sealer';

/** A sealed text and where it is stored: in a field of a Redis hash, whole or as a part of the field's value. */
export interface SealedText {
  readonly key: string;
  readonly field: string;
  readonly value: string;
  readonly sealed: string;
  readonly purpose: SealPurpose;
  readonly aad: string;
}

/**
 * Reads records of one kind that hold sealed texts. Every such store is in `apps/gateway/src/sealed-stores.ts`, so that no
 * encryption key is removed while something is still sealed under it.
 */
export interface SealedStore {
  /** The kind of its records, for example `portals`. */
  readonly records: string;
  /** Yields each record once, in pages: the sealed texts of a record, and perhaps texts that are not sealed. */
  pages(): AsyncIterable<readonly (readonly SealedText[])[]>;
}
