import type { Clock } from '@b24/portal';
import type { Redis } from 'ioredis';

/** The commands of Redis that client keys use, in this process. It passes as a connection. */
export class MemoryKeyStore {
  /** While true, every command rejects. */
  isAway = false;
  /** The reply to an admission by rate: milliseconds that it is too early. */
  earlyMs: number | null = 0;
  /** Runs before a rotation is compared, as a concurrent one would. */
  beforeSwap: () => void = () => undefined;
  /** Runs after a client was changed, as a concurrent rotation would. */
  afterChange: () => void = () => undefined;
  /** The name and the first argument of each command, in order. */
  readonly commands: string[] = [];
  readonly uses: string[] = [];
  private readonly texts = new Map<string, string>();
  private readonly hashes = new Map<string, Map<string, string>>();
  private readonly endsAtMs = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  asConnection(): Redis {
    return this as unknown as Redis;
  }

  defineCommand(): void {
    // Scripts are methods below.
  }

  /** Writes a field at once, as another replica does between two commands. */
  put(key: string, field: string, text: string): void {
    this.hashes.set(key, (this.hashes.get(key) ?? new Map<string, string>()).set(field, text));
  }

  /** Writes a text at once, as another replica does between two commands. */
  write(key: string, text: string): void {
    this.texts.set(key, text);
  }

  get = (key: string) => this.run('get', key, () => this.text(key) ?? null);
  set = (key: string, text: string) => this.run('set', key, () => void this.texts.set(key, text));
  exists = (key: string) => this.run('exists', key, () => (this.text(key) === undefined ? 0 : 1));
  hget = (key: string, field: string) => this.run('hget', key, () => this.hashes.get(key)?.get(field) ?? null);
  hvals = (key: string) => this.run('hvals', key, () => [...(this.hashes.get(key)?.values() ?? [])]);
  hset = (key: string, field: string, text: string) =>
    this.run('hset', key, () => {
      this.put(key, field, text);
    });

  del = (key: string) =>
    this.run('del', key, () => {
      this.texts.delete(key);
      this.hashes.delete(key);
    });

  pexpire = (key: string, ms: number) =>
    this.run('pexpire', key, () => void this.endsAtMs.set(key, this.clock.now() + ms));

  pttl = (key: string) =>
    this.run('pttl', key, () => {
      if (this.text(key) === undefined) return -2;
      const endsAtMs = this.endsAtMs.get(key);
      return endsAtMs === undefined ? -1 : endsAtMs - this.clock.now();
    });

  changeClient = (key: string, expected: string, text: string) =>
    this.run('changeClient', key, () => {
      if (this.text(key) !== expected) return 0;
      this.texts.set(key, text);
      this.afterChange();
      return 1;
    });

  admitClient = (key: string, use: string, burst: number, perSecond: number) =>
    this.run('admitClient', [key, use, burst, perSecond].join(' '), () => this.earlyMs);

  recordUse = (key: string, use: string) => this.run('recordUse', key, () => void this.uses.push(`${key} ${use}`));

  swapClientKey = (clients: string, id: string, before: string, after: string) =>
    this.run('swapClientKey', id, () => {
      this.beforeSwap();
      const hash = this.hashes.get(clients);
      if (hash?.get(id) !== before) return 0;
      hash.set(id, after);
      return 1;
    });

  dropClient = (clients: string, id: string) =>
    this.run('dropClient', id, () => {
      const digests = this.hashes.get(clients)?.get(id) ?? null;
      this.hashes.get(clients)?.delete(id);
      return digests;
    });

  private text(key: string): string | undefined {
    const endsAtMs = this.endsAtMs.get(key) ?? Infinity;
    return endsAtMs > this.clock.now() ? this.texts.get(key) : undefined;
  }

  private async run<Reply>(name: string, first: string, reply: () => Reply): Promise<Reply> {
    this.commands.push(`${name} ${first}`);
    await Promise.resolve();
    if (this.isAway) throw new Error('Connection is closed.');
    return reply();
  }
}
