import type { Client } from './client';

/**
 * Counts the commands of clients with a rate, over all entry points. The first command of a request is charged when the
 * request is admitted. A client without a rate is not counted.
 * Every method throws Fault `store_unavailable` when the store is away.
 */
export interface RateMeter {
  /**
   * Charges commands before they are sent, and resolves when they may be sent. A client may owe the commands of one
   * largest request; it waits for everything beyond that.
   * @throws Fault client_rate_limited with the remaining time when the signal aborts first; nothing is charged then
   */
  charge(client: Client, commands: number, signal: AbortSignal): Promise<void>;
  /** Returns the milliseconds until the client owes nothing. */
  debtMs(client: Client): Promise<number>;
  /** Resolves when the client owes nothing; long requests wait for it before each step. @throws the signal's reason */
  waitUntilPaid(client: Client, signal: AbortSignal): Promise<void>;
}
