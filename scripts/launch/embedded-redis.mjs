import { writeFileSync } from 'node:fs';
import { Child, endOrphan } from './children.mjs';
import { randomText } from './data-dir.mjs';
import { answers, freePorts, isFree, until } from './ports.mjs';
import { findOrInstallRedis } from './redis-binary.mjs';
import { say, Stop } from './say.mjs';

const stopMs = 15_000;

/** Starts a Redis that persists in the data folder and is reachable only from this machine, with its password. */
export class EmbeddedRedis {
  static async start(data) {
    const redis = new EmbeddedRedis(data, await findOrInstallRedis());
    await endOrphan(redis.pidFile, /redis|valkey/);
    await redis.choosePort();
    await redis.launch();
    return redis;
  }

  constructor(data, command) {
    this.data = data;
    this.command = command;
    this.folder = data.folder('redis');
    this.password = data.kept('redis-password', () => randomText()).text;
    this.pidFile = data.at('redis', 'redis.pid');
  }

  get url() {
    return `redis://:${this.password}@127.0.0.1:${this.port}`;
  }

  async stop() {
    await this.child.stop(stopMs);
  }

  async choosePort() {
    const kept = Number(this.data.kept('redis-port', () => '0').text);
    this.port = kept && (await isFree(kept)) ? kept : (await freePorts(16_379, 1))[0];
    writeFileSync(this.data.at('redis-port'), `${this.port}\n`, { mode: 0o600 });
  }

  async launch() {
    // In a file, because any user of the machine may read a process's arguments.
    const config = this.data.at('redis', 'redis.conf');
    const lines = [
      ['bind', '127.0.0.1'],
      ['port', this.port],
      ['requirepass', this.password],
      ['dir', JSON.stringify(this.folder)],
      ['logfile', JSON.stringify(this.data.at('redis', 'redis.log'))],
      ['appendonly', 'yes'],
      ['appendfsync', 'everysec'],
      ['maxmemory-policy', 'noeviction'],
    ];
    writeFileSync(config, lines.map((line) => line.join(' ')).join('\n'), { mode: 0o600 });
    this.child = new Child('Redis', this.command, [config], { pidFile: this.pidFile });
    const up = await until(async () => !this.child.running || (await answers(this.port)));
    if (!up || !this.child.running)
      throw new Stop(`Redis did not start; ${this.data.at('redis', 'redis.log')} says why.`);
    void this.child.exited.then(() => this.diedByItself());
  }

  async diedByItself() {
    if (this.child.stopping) return;
    say('Redis ended by itself; starting it again with its data.');
    await this.launch().catch((error) => say(error.message));
  }
}
