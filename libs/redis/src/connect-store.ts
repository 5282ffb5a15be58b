import { systemClock } from '@b24/portal';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { CommandTimeouts } from './command-timeouts';
import { type RedisPlace, redisPlace } from './redis-url';

/** A connection to the store, whatever its topology: every script and transaction must keep to one hash slot. */
export type StoreConnection = Redis | Cluster;

export interface StoreObserver {
  /** @param code of the network or of Redis; never the URL */
  lost(code: string): void;
  back(): void;
}

/** A question unanswered for so long has failed; what hangs must not hold up a caller. */
const commandTimeoutMs = 2000;
/** A socket silent for so long while something is asked is given up: a dead host sends no goodbye. */
const socketTimeoutMs = 6000;
/** The same where a question may rightly be answered after ten seconds. */
const waitingTimeoutMs = 15_000;

/** The one place that makes connections. They connect by themselves, again and again, as long as they are open. */
export function connectStore(
  url: string,
  observer: StoreObserver,
  use: 'asking' | 'waiting' = 'asking',
): StoreConnection {
  const store = connectionTo(redisPlace(url), use);
  watch(store, observer);
  return store;
}

/** @param use waiting: for questions that are answered when there is something to tell, in at most ten seconds. */
function connectionTo(place: RedisPlace, use: 'asking' | 'waiting'): StoreConnection {
  const patience = use === 'asking' ? quick : waiting;
  const single = { ...patience, retryStrategy: soon } satisfies RedisOptions;
  const Single = use === 'asking' ? TimedRedis : Redis;
  if (place.kind === 'single') return new Single(place.url, single);
  const { username, password, tls } = place;
  const login = { ...(username && { username }), ...(password && { password }), ...(tls && { tls: {} }) };
  if (place.kind === 'cluster') {
    return new (use === 'asking' ? TimedCluster : Cluster)([...place.nodes], {
      clusterRetryStrategy: soon,
      slotsRefreshTimeout: commandTimeoutMs,
      slotsRefreshInterval: 15_000,
      redisOptions: { ...patience, ...login },
    });
  }
  const { sentinels, master: name, db, sentinelUsername, sentinelPassword } = place;
  return new Single({
    ...single,
    ...login,
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    ...(sentinelUsername && { sentinelUsername }),
    ...(sentinelPassword && { sentinelPassword }),
    sentinels: [...sentinels],
    name,
    db,
    role: 'master',
    // No failoverDetector: news that comes while it reconnects ends an ioredis 6 connection for good. A demoted master
    // closes its connections or says READONLY, a dead one is silent; each of these makes it ask the sentinels again.
    sentinelCommandTimeout: commandTimeoutMs,
    sentinelRetryStrategy: soon,
  });
}

const soon = (times: number) => Math.min(times * 50, 500);

const steady = {
  maxRetriesPerRequest: null,
  // Its address leads to another server now, or will soon. It was not carried out, so it is sent again.
  reconnectOnError: ({ message }: Error) => (message.includes('READONLY') ? 2 : false),
} satisfies RedisOptions;
const quick = { ...steady, socketTimeout: socketTimeoutMs } satisfies RedisOptions;
const waiting = { ...steady, socketTimeout: waitingTimeoutMs } satisfies RedisOptions;

/** A server whose commands fail when they are not answered in time, also while they wait for a connection. */
class TimedRedis extends Redis {
  private readonly timeouts = new CommandTimeouts(systemClock, commandTimeoutMs);

  override sendCommand(...sent: Parameters<Redis['sendCommand']>): unknown {
    this.timeouts.watch(sent[0]);
    return super.sendCommand(...sent);
  }
}

/** The same of a cluster, whose own queue has no time limit. */
class TimedCluster extends Cluster {
  private readonly timeouts = new CommandTimeouts(systemClock, commandTimeoutMs);

  override sendCommand(...sent: Parameters<Cluster['sendCommand']>): unknown {
    this.timeouts.watch(sent[0]);
    return super.sendCommand(...sent);
  }
}

/** While the store is plainly away commands fail at once; while it is only reconnecting they wait for it. */
function watch(store: StoreConnection, observer: StoreObserver): void {
  let reachable = true;
  store.on('ready', () => {
    store.options.enableOfflineQueue = true;
    if (!reachable) observer.back();
    reachable = true;
  });
  store.on('error', (error: Error & { code?: string }) => {
    if (store.status !== 'ready') store.options.enableOfflineQueue = false;
    if (reachable) observer.lost(error.code ?? error.name);
    reachable = false;
  });
}
