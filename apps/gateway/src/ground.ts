import type { Clock } from '@b24/portal';
import type { StoreConnection, StoreRefused } from '@b24/redis';
import type { FastifyBaseLogger } from 'fastify';
import type { Settings } from './settings';
import type { Traces } from './operations/traces';

/** What a gateway is built on. */
export interface Ground {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly redis: StoreConnection;
  /** A connection of its own for the lanes. */
  readonly laneRedis: StoreConnection;
  /** A connection whose questions may wait, for jobs. */
  readonly jobRedis: StoreConnection;
  readonly log: FastifyBaseLogger;
  /** Absent where nobody collects traces. */
  readonly traces?: Traces | undefined;
  /** Told when the store turns out to be none to work with. */
  readonly refused: (error: StoreRefused) => void;
}
