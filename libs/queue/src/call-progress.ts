/** How far a call came in the queue. Written by the queue when the call ends, whether it was answered or failed. */
export class CallProgress {
  /** When it was queued, unix milliseconds; undefined if the queue refused it. */
  queuedAtMs: number | undefined;
  /** When it was sent for the last time, unix milliseconds; undefined if it was not sent, or waited to be sent once more. */
  sentAtMs: number | undefined;
  /** Commands in the request of this replica that carried it last; 0 if none did. */
  commands = 0;
  /** How often it was queued for a retry. */
  retries = 0;
}
