import Bottleneck from 'bottleneck';
import type { Cluster, Redis } from 'ioredis';

/*
 * Patches private parts of Bottleneck 2.19.5, its last release, which is pinned exactly.
 * docs/decisions/0003-bottleneck.md lists each defect and the test that shows it.
 */

interface Scripts {
  names: string[];
  payload(name: string): string;
}
// eslint-disable-next-line @typescript-eslint/no-require-imports -- private to the package, no types
const scripts = require('bottleneck/lib/Scripts') as Scripts;

type Callback = (error: Error | null, reply?: unknown) => void;

/** The parts of Bottleneck's connection that the patches replace. */
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

/** Removes the `ERR ` that Redis 7 puts before a script's errors, which Bottleneck compares by their exact text. */
function withOwnErrorText(error: Error | null): Error | null {
  const own = error && ownErrors.exec(error.message)?.[1];
  return own ? new Error(own) : error;
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error('Bottleneck is not the version this was written for.');
  return text.replace(from, to);
}

/** Uses the clock of Redis instead of the caller's, so that all replicas share one clock. */
function onRedisTime(lua: string): string {
  return replaced(
    lua,
    'local now = tonumber(ARGV[1])',
    "local time = redis.call('time')\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)",
  );
}

/**
 * A limiter whose keys are gone (it was idle, or Redis lost its data) is refilled from when the portal was first known in
 * this Redis: it is full after idleness and empty after a loss.
 */
function refilledSinceKnown(init: string): string {
  const knownSince = "redis.call('set', KEYS[9], now, 'NX')\n  local since = tonumber(redis.call('get', KEYS[9]))\n";
  const created = replaced(init, '-- Create\n', `-- Create\n  ${knownSince}`);
  const filling = replaced(created, "'lastReservoirIncrease', now,", "'lastReservoirIncrease', since,");
  return filling.replace(/return \{\}\s*$/, "redis.call('persist', KEYS[9])\nreturn {}");
}

/** Does not refill permits of unsettled requests, because the vendor may count them only later. */
function refilledWhenSettled(lua: string): string {
  const full = 'reservoirIncreaseMaximum - (reservoir or 0)';
  return replaced(lua, full, 'reservoirIncreaseMaximum - running - (reservoir or 0)');
}

function script(name: string): string {
  const lua = onRedisTime(scripts.payload(name));
  if (name === 'init') return refilledSinceKnown(lua);
  return lua.includes('local process_tick') ? refilledWhenSettled(lua) : lua;
}

/** The key that stores since when a limiter's portal is known in this Redis. It does not expire. */
export function knownSinceKey(limiterId: string): string {
  return `b_${limiterId}_known_since`;
}

function channelsOf(limiter: Bottleneck): string[] {
  const { channel, channel_client } = limiter as unknown as Record<'channel' | 'channel_client', () => string>;
  return [channel.call(limiter), channel_client.call(limiter)];
}

/** Returns a Bottleneck connection over this client, patched for Redis 7 and several replicas. */
export function bottleneckConnection(
  client: Redis | Cluster,
  /** Called with a limiter's reservoir whenever a job of this replica is scheduled. */
  onReservoir: (limiterId: string, reservoir: number) => void,
): Bottleneck.IORedisConnection {
  const connection = new Bottleneck.IORedisConnection({ client });
  const internals = connection as unknown as ConnectionInternals;
  const scriptArgs = internals.__scriptArgs__.bind(connection);
  internals._loadScripts = () => {
    for (const name of scripts.names) internals.client.defineCommand(name, { lua: script(name) });
  };
  // The original rejects unhandled while Redis is down, and removes the channels of a newer limiter of the same portal.
  internals.__removeLimiter__ = (limiter) => {
    for (const channel of channelsOf(limiter)) {
      if (internals.limiters[channel] !== limiter) continue;
      Reflect.deleteProperty(internals.limiters, channel);
      if (!internals.terminated) internals.subscriber.unsubscribe(channel).catch(() => undefined);
    }
  };
  internals.__scriptArgs__ = (name, id, args, callback) => {
    const [keyCount, ...rest] = scriptArgs(name, id, args, (error, reply) => {
      if (name === 'register' && Array.isArray(reply)) onReservoir(id, Number(reply[2]));
      callback(withOwnErrorText(error), reply);
    }) as [number, ...unknown[]];
    if (name !== 'init') return [keyCount, ...rest];
    return [keyCount + 1, ...rest.slice(0, keyCount), knownSinceKey(id), ...rest.slice(keyCount)];
  };
  return connection;
}
