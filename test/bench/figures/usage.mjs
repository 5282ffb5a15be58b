import { existsSync, readFileSync } from 'node:fs';
import { Redis } from 'ioredis';

/** Linux counts in hundredths of a second. */
const tickMs = 10;

/** The CPU time a process has used so far; NaN where the system does not tell. */
export function cpuMs(pid) {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return NaN;
  // The name, in brackets, may hold spaces.
  const fields = readFileSync(file, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** The memory a process holds. */
export function residentMb(pid) {
  const file = `/proc/${pid}/status`;
  return existsSync(file) ? Number(/VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))[1]) / 1024 : NaN;
}

/** What the gateway and its Redis have used since. */
export class Meter {
  static async on({ replicas, redis }) {
    const connection = new Redis(redis.url);
    const meter = new Meter(replicas[0].pid, redis.child.process.pid, connection);
    meter.before = await meter.now();
    return meter;
  }

  constructor(gatewayPid, redisPid, connection) {
    this.pids = { gatewayPid, redisPid };
    this.connection = connection;
  }

  /** CPU in milliseconds, and Redis commands by name, those inside scripts too. */
  async used() {
    const now = await this.now();
    this.connection.disconnect();
    const { gatewayMs, redisMs, commands } = this.before;
    const names = Object.keys(now.commands);
    const since = names.map((name) => [name, now.commands[name] - (commands[name] ?? 0)]);
    return {
      gatewayMs: now.gatewayMs - gatewayMs,
      redisMs: now.redisMs - redisMs,
      commands: Object.fromEntries(since),
    };
  }

  async now() {
    const { gatewayPid, redisPid } = this.pids;
    const stats = await this.connection.info('commandstats');
    const commands = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [
      name,
      Number(calls),
    ]);
    return { gatewayMs: cpuMs(gatewayPid), redisMs: cpuMs(redisPid), commands: Object.fromEntries(commands) };
  }
}
