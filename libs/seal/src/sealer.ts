import type { Secret } from '@b24/portal';

/** What a sealed text holds. Each purpose has keys of its own, so a text sealed for one purpose opens for no other. */
export type SealPurpose =
  | 'grants'
  | 'apps'
  | 'install claims'
  | 'subscriptions'
  | 'event bodies'
  | 'jobs'
  | 'job results'
  | 'write answers'
  | 'remote calls'
  | 'file links'
  | 'client ids'
  | 'consents';

/**
 * Encrypts and decrypts texts of one purpose. `aad` (additional authenticated data) names where the text is stored, for
 * example `<portal>|accessToken`: a text that was moved elsewhere does not open.
 */
export interface Sealer {
  seal(secret: Secret, aad: string): string;
  /** @throws Fault for an unknown key, Error for a text that was changed, moved or sealed for another purpose */
  open(sealed: string, aad: string): Secret;
  /** Reports whether a sealed text has another key or another format than `seal` uses now. */
  isStale(text: string): boolean;
  /** Returns the same secret as `seal` writes it now. @throws like `open` */
  reseal(sealed: string, aad: string): string;
}
