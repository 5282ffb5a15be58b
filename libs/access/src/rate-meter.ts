import type { Client } from './client';

/**
 * Counts the commands of clients that have a rate, whichever way they come: the first of a request is counted when the
 * request is let in. A client without a rate costs nothing.
 * Every method throws Fault `store_unavailable` when the store can't be asked.
 */
export interface RateMeter {
  /**
   * Counts commands that are about to be sent, and resolves when they may be: a client may owe as much as one request of
   * the largest kind, and waits for what goes beyond.
   * @throws Fault client_rate_limited with the time left when the signal aborts before; nothing was counted then
   */
  spend(client: Client, commands: number, signal: AbortSignal): Promise<void>;
  /** How many ms it takes until the client owes nothing: what goes on for long waits for that before each step. */
  debtMs(client: Client): Promise<number>;
  /** Resolves when the client owes nothing. @throws the signal's reason when it aborts before */
  paid(client: Client, signal: AbortSignal): Promise<void>;
}
