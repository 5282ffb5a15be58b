import { Fault } from '@b24/portal';

/** Returns an error of Redis as a Fault `store_unavailable`; a Fault stays as it is. */
export function asStoreFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('store_unavailable', { cause: error });
}

/**
 * Runs work that asks Redis. A Fault of the work passes; any other error becomes one.
 * @throws Fault store_unavailable
 */
export async function orStoreUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreFault(error);
  }
}
