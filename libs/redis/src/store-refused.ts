/** Redis answers, but this replica must not use it. The message says why, and what to do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}
