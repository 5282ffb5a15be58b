import Bottleneck from 'bottleneck';
import type { Cluster, Redis } from 'ioredis';

/*
 * Bottleneck 2.19.5 is the last release and is pinned exactly; what is mended here is private to it.
 * docs/decisions/0003-bottleneck.md says what was wrong and which test shows each mend.
 */

interface Scripts {
  names: string[];
  payload(name: string): string;
}
// eslint-disable-next-line @typescript-eslint/no-require-imports -- private to the package, no types
const scripts = require('bottleneck/lib/Scripts') as Scripts;

type Callback = (error: Error | null, reply?: unknown) => void;

/** The parts of Bottleneck's connection that the mends replace. */
interface ConnectionInternals {
  client: Redis | Cluster;
  subscriber: Redis | Cluster;
  limiters: Record<string, Bottleneck>;
  terminated: boolean;
  _loadScripts(): void;
  __removeLimiter__(limiter: Bottleneck): void;
  __scriptArgs__(name: string, id: string, args: unknown[], callback: Callback): unknown[];
}

const ownErrors = /(?:ERR )?(SETTINGS_KEY_NOT_FOUND|UNKNOWN_CLIENT|OVERWEIGHT:\S*)/;

/** Redis 7 puts `ERR ` before a script's own errors, and Bottleneck knows its own by their exact text. */
function withBottlenecksWords(error: Error | null): Error | null {
  const own = error && ownErrors.exec(error.message)?.[1];
  return own ? new Error(own) : error;
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error('Bottleneck is not the version this was written for.');
  return text.replace(from, to);
}

/** One clock for all replicas: Redis's, not the caller's. */
function onRedisTime(lua: string): string {
  return replaced(
    lua,
    'local now = tonumber(ARGV[1])',
    "local time = redis.call('time')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)",
  );
}

/**
 * A bucket whose keys are gone (idle, or Redis lost its data) holds what has dripped since the portal was first known
 * in this Redis, and no more: full after idleness, empty after a loss.
 */
function filledSinceBirth(init: string): string {
  const born = "redis.call('set', KEYS[9], now, 'NX')\n  local born = tonumber(redis.call('get', KEYS[9]))\n";
  const created = replaced(init, '-- Create\n', `-- Create\n  ${born}`);
  const filling = replaced(created, "'lastReservoirIncrease', now,", "'lastReservoirIncrease', born,");
  return filling.replace(/return \{\}\s*$/, "redis.call('persist', KEYS[9])\nreturn {}");
}

/** Nothing drips in the place of a request that is not known to have arrived: the vendor may count it only later. */
function fedByArrivals(lua: string): string {
  const full = 'reservoirIncreaseMaximum - (reservoir or 0)';
  return replaced(lua, full, 'reservoirIncreaseMaximum - running - (reservoir or 0)');
}

function script(name: string): string {
  const lua = onRedisTime(scripts.payload(name));
  if (name === 'init') return filledSinceBirth(lua);
  return lua.includes('local process_tick') ? fedByArrivals(lua) : lua;
}

/** The key that remembers since when a limiter's portal is known here; it never expires by itself. */
export function birthKey(limiterId: string): string {
  return `b_${limiterId}_born`;
}

function channelsOf(limiter: Bottleneck): string[] {
  const { channel, channel_client } = limiter as unknown as Record<'channel' | 'channel_client', () => string>;
  return [channel.call(limiter), channel_client.call(limiter)];
}

/** A Bottleneck connection over this client and a subscriber of its own, mended for Redis 7 and many replicas. */
export function bottleneckConnection(
  client: Redis | Cluster,
  /** Told what a limiter's reservoir holds whenever a job of ours was let out of it. */
  left: (limiterId: string, reservoir: number) => void,
): Bottleneck.IORedisConnection {
  const connection = new Bottleneck.IORedisConnection({ client });
  const internals = connection as unknown as ConnectionInternals;
  const scriptArgs = internals.__scriptArgs__.bind(connection);
  internals._loadScripts = () => {
    for (const name of scripts.names) internals.client.defineCommand(name, { lua: script(name) });
  };
  // Its own fails unhandled when Redis is away, and takes the channels from a newer limiter of the same portal.
  internals.__removeLimiter__ = (limiter) => {
    for (const channel of channelsOf(limiter)) {
      if (internals.limiters[channel] !== limiter) continue;
      Reflect.deleteProperty(internals.limiters, channel);
      if (!internals.terminated) internals.subscriber.unsubscribe(channel).catch(() => undefined);
    }
  };
  internals.__scriptArgs__ = (name, id, args, callback) => {
    const [keyCount, ...rest] = scriptArgs(name, id, args, (error, reply) => {
      if (name === 'register' && Array.isArray(reply)) left(id, Number(reply[2]));
      callback(withBottlenecksWords(error), reply);
    }) as [number, ...unknown[]];
    if (name !== 'init') return [keyCount, ...rest];
    return [keyCount + 1, ...rest.slice(0, keyCount), birthKey(id), ...rest.slice(keyCount)];
  };
  return connection;
}
