/** Time and timers, so that a test can move them by hand. */
export interface ClientClock {
  /** Unix milliseconds. */
  now(): number;
  /** Runs the task once after so many milliseconds; what it returns calls that off. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: ClientClock = {
  now: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Waits. @throws whatever the signal was aborted with */
export function pause(clock: ClientClock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const leave = () => {
      callOff();
      reject(signal?.reason as Error);
    };
    const callOff = clock.after(ms, () => {
      signal?.removeEventListener('abort', leave);
      resolve();
    });
    signal?.addEventListener('abort', leave, { once: true });
  });
}
