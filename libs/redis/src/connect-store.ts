import { systemClock } from '@b24/portal';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { CommandTimeouts } from './command-timeouts';
import { type RedisAddress, parseRedisUrl } from './redis-url';

/** A connection to Redis of any topology. Every script and transaction must stay in one hash slot. */
export type StoreConnection = Redis | Cluster;

export interface StoreObserver {
  /** @param code of the network or of Redis; never the URL */
  lost(code: string): void;
  back(): void;
}

/** A command without a reply for this long fails, so that no caller waits for a Redis that hangs. */
const commandTimeoutMs = 2000;
/** A socket that is silent for this long while a command waits is closed: a dead host sends no FIN. */
const socketTimeoutMs = 6000;
/** The same for connections whose commands may block for ten seconds. */
const waitingTimeoutMs = 15_000;

/** Opens a connection. It reconnects by itself until it is closed. Nothing else in the gateway opens connections. */
export function connectStore(
  url: string,
  observer: StoreObserver,
  use: 'asking' | 'waiting' = 'asking',
): StoreConnection {
  const store = connectionTo(parseRedisUrl(url), use);
  watch(store, observer);
  return store;
}

/**
 * Opens another connection to the same server, for commands that must run on this very connection: it queues nothing while
 * it is away and repeats nothing. Speaks RESP2. Returns undefined for a cluster.
 */
export function pairedConnection(store: StoreConnection): Redis | undefined {
  if (store instanceof Cluster) return undefined;
  return new TimedRedis({
    ...store.options,
    ...{
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
    },
    ...{ protocol: 2, replyMapping: 'legacy' },
  });
}

/** @param use waiting: for commands that block until there is data, at most ten seconds */
function connectionTo(place: RedisAddress, use: 'asking' | 'waiting'): StoreConnection {
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
    // No failoverDetector: a message that arrives while it reconnects ends an ioredis 6 connection for good. A demoted
    // master closes its connections or replies READONLY, a dead one is silent; each makes ioredis query the sentinels.
    sentinelCommandTimeout: commandTimeoutMs,
    sentinelRetryStrategy: soon,
  });
}

const soon = (times: number) => Math.min(times * 50, 500);

const steady = {
  maxRetriesPerRequest: null,
  // Its address leads to another server now, or will soon. The command was not executed, so it is sent again.
  reconnectOnError: ({ message }: Error) => (message.includes('READONLY') ? 2 : false),
} satisfies RedisOptions;
const quick = { ...steady, socketTimeout: socketTimeoutMs } satisfies RedisOptions;
const waiting = { ...steady, socketTimeout: waitingTimeoutMs } satisfies RedisOptions;

/** A connection whose commands time out, also while they wait for the connection. */
class TimedRedis extends Redis {
  private readonly timeouts = new CommandTimeouts(systemClock, commandTimeoutMs);

  override sendCommand(...sent: Parameters<Redis['sendCommand']>): unknown {
    this.timeouts.watch(sent[0]);
    return super.sendCommand(...sent);
  }
}

/** The same for a cluster, whose own queue has no timeout. */
class TimedCluster extends Cluster {
  private readonly timeouts = new CommandTimeouts(systemClock, commandTimeoutMs);

  override sendCommand(...sent: Parameters<Cluster['sendCommand']>): unknown {
    this.timeouts.watch(sent[0]);
    return super.sendCommand(...sent);
  }
}

/** While Redis is known to be down, commands fail at once; during a reconnect they wait for it. */
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
