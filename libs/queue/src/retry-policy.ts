import type { Again } from '@b24/portal';

/**
 * Pauses before what was certainly not carried out goes again, by why. It goes from the queue, since a second request
 * costs the portal's bucket as much as the first (docs/decisions/0002).
 */
const retryDelaysMs: Record<Again, readonly number[]> = {
  // The refused token is refreshed before the next departure; a fresh one that is refused too is no passing thing.
  token_refused: [0],
  // Another user's chain takes the place of the refused one's, as long as there is one.
  user_refused: [0, 0, 0],
  // To the host the portal was renamed to; nobody else knows the portal any more.
  moved: [0, 0],
  // The whole queue stands back; going again means no more than waiting in it.
  bucket_full: Array.from({ length: 20 }, () => 0),
  passing_trouble: [500, 1000, 2000],
  // What travelled in a batch may go by itself.
  batch_spent: [0],
  not_run: [0, 0, 0],
  alone: [0],
  reads_alone: [0],
};

/** How long to pause before going again; undefined when it does not. Pure, so that it can be read. */
export function retryDelayMs(why: Again, timesBefore: number): number | undefined {
  return retryDelaysMs[why][timesBefore];
}
