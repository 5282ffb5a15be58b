import { asFault, type Clock, Fault, sleep } from '@b24/portal';
import { loadScripts, orStoreUnavailable } from '@b24/redis';
import type { Cluster, Redis } from 'ioredis';
import type { Client } from './client';
import type { ClientKeys } from './client-keys';
import type { RateMeter } from './rate-meter';

/** The most commands that a client may owe: those of one largest request. */
export const maxDebtCommands = 500;

/** Commands of the same tick, which are charged together. */
interface PendingCharge {
  commands: number;
  tokens: Promise<number>;
}

/** Charges the rates of client keys in Redis; `ClientKeys.admit` charges the same buckets. */
export class RedisRateMeter implements RateMeter {
  private readonly pending = new Map<string, PendingCharge>();
  private readonly run;

  constructor(
    redis: Redis | Cluster,
    private readonly keys: Pick<ClientKeys, 'redisKeysOf' | 'consumePrepaidCommand'>,
    private readonly clock: Clock,
  ) {
    this.run = loadScripts<{ chargeRate: string }>(redis, __dirname, { chargeRate: 2 });
  }

  async charge(client: Client, commands: number, signal: AbortSignal): Promise<void> {
    if (!client.rate) return;
    const unpaid = this.keys.consumePrepaidCommand(client) ? commands - 1 : commands;
    if (unpaid <= 0) return;
    const tokens = await this.takeTokens(client, unpaid);
    const waitMs = msUntil(-maxDebtCommands - tokens, client.rate);
    if (waitMs <= 0) return;
    const readyAtMs = this.clock.now() + waitMs;
    await sleep(this.clock, waitMs, signal).catch(async (reason: unknown) => {
      await this.takeTokens(client, -unpaid);
      if (asFault(reason).code !== 'deadline_exceeded') throw reason;
      throw new Fault('client_rate_limited', { retryAfterMs: Math.max(1, readyAtMs - this.clock.now()) });
    });
  }

  async debtMs(client: Client): Promise<number> {
    return client.rate ? msUntil(-(await this.takeTokens(client, 0)), client.rate) : 0;
  }

  async waitUntilPaid(client: Client, signal: AbortSignal): Promise<void> {
    if (!client.rate) return;
    for (let owedMs = await this.debtMs(client); owedMs > 0; owedMs = await this.debtMs(client))
      await sleep(this.clock, owedMs, signal);
  }

  /** Takes tokens with one Redis command for all calls of the same tick. Returns the tokens left. */
  private async takeTokens(client: Client, commands: number): Promise<number> {
    const { rate } = client;
    const redisKeys = await this.keys.redisKeysOf(client);
    if (!rate || !redisKeys) return 0;
    const [key] = redisKeys;
    const open = this.pending.get(key);
    const pending: PendingCharge = open ?? {
      commands: 0,
      tokens: Promise.resolve().then(() => this.flush(redisKeys, rate)),
    };
    pending.commands += commands;
    if (!open) this.pending.set(key, pending);
    return pending.tokens;
  }

  private async flush(
    [key, use]: readonly [string, string],
    { burst, perSecond }: NonNullable<Client['rate']>,
  ): Promise<number> {
    const commands = this.pending.get(key)?.commands ?? 0;
    this.pending.delete(key);
    return Number(await orStoreUnavailable(() => this.run.chargeRate(key, use, commands, burst, perSecond)));
  }
}

/** Returns how long the rate takes to produce the tokens. */
function msUntil(tokens: number, { perSecond }: NonNullable<Client['rate']>): number {
  return tokens <= 1e-6 ? 0 : Math.ceil((tokens / perSecond) * 1000);
}
