/**
 * Whether a caller may repeat the same call.
 * never: it would fail again. safe: it was not executed. unsafe: it may have been executed, so only reads may be repeated.
 */
export type Retry = 'never' | 'safe' | 'unsafe';

export interface FaultRow {
  readonly status: number;
  readonly retry: Retry;
  readonly title: string;
  /** Says what to do; the `detail` of the problem unless the fault has a more specific one. */
  readonly advice: string;
}

/** Returns a row of the fault table. */
export const row = (status: number, retry: Retry, title: string, advice: string): FaultRow => ({
  status,
  retry,
  title,
  advice,
});
