import { setMaxListeners } from 'node:events';

/** Time and timers, replaceable in tests. */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Runs `task` once after `ms`; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const abort = () => {
      cancelTimer();
      reject(signal?.reason as Error);
    };
    const cancelTimer = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

/** Settles like the work, or rejects with the signal's reason if that aborts first. The work itself continues. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      work.catch(() => undefined);
      reject(signal.reason as Error);
      return;
    }
    const abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}

/** Runs work with a signal that aborts when the given one does, or with `late()` after `ms`. */
export async function within<T>(
  { clock, ms, late }: { clock: Clock; ms: number; late: () => Error },
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  // Many concurrent calls may listen to either signal.
  setMaxListeners(0, signal, controller.signal);
  const abort = () => {
    controller.abort(signal.reason);
  };
  const cancelTimer = clock.after(ms, () => {
    controller.abort(late());
  });
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    cancelTimer();
    // AbortSignal.any would leak one listener per call on a long-lived signal.
    signal.removeEventListener('abort', abort);
  }
}
