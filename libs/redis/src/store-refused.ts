/** The store answers, but this replica must not work with it; the message says why, and what to do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}
