let current: Promise<void> | undefined;

/**
 * Resolves when everything that arrived in this turn of the event loop has been read. All who wait for the same turn share
 * a promise.
 */
export function endOfTurn(): Promise<void> {
  return (current ??= new Promise((resolve) => {
    setImmediate(() => {
      current = undefined;
      resolve();
    });
  }));
}
