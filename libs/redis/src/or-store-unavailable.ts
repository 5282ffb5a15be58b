import { Fault } from '@b24/portal';

/**
 * Runs work that asks Redis. A Fault of the work passes; any other error becomes one.
 * @throws Fault store_unavailable
 */
export async function orStoreUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
  }
}
