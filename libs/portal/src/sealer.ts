import type { Secret } from './secret';

/** Everything that is sealed, by what it is. Each has keys of its own, so that what is sealed for one opens for no other. */
export type SealPurpose =
  | 'grants'
  | 'apps'
  | 'install claims'
  | 'subscriptions'
  | 'event bodies'
  | 'jobs'
  | 'job results'
  | 'write answers'
  | 'remote calls';

/** Seals and opens secrets of one purpose. What was sealed for one place opens there only. */
export interface Sealer {
  close(secret: Secret, place: string): string;
  /** @throws when the text was changed or moved, or when its key is not known */
  open(sealed: string, place: string): Secret;
  /** Is the text sealed, and under another key or in another form than `close` uses now? */
  isStale(text: string): boolean;
  /** Returns the same secret as `close` seals it now. @throws as `open` does */
  renew(sealed: string, place: string): string;
}

/** The only way to a `Sealer` is by its purpose. */
export interface Seals {
  for(purpose: SealPurpose): Sealer;
}
