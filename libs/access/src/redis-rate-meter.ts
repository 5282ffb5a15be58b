import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asFault, type Clock, Fault, sleep } from '@b24/portal';
import type { Cluster, Redis } from 'ioredis';
import type { Client } from './client';
import type { ClientKeys } from './client-keys';
import type { RateMeter } from './rate-meter';

/** As many commands as one request may have: so much a client may owe. */
export const maxDebt = 500;

/** Commands that are counted together, since they were asked for in the same moment. */
interface Round {
  commands: number;
  tokens: Promise<number>;
}

type Charge = (key: string, use: string, commands: number, burst: number, perSecond: number) => Promise<string>;

/** The rates of client keys in Redis, where `ClientKeys.admit` takes from them too. */
export class RedisRateMeter implements RateMeter {
  private readonly rounds = new Map<string, Round>();

  constructor(
    private readonly redis: Redis | Cluster,
    private readonly keys: Pick<ClientKeys, 'placesOf' | 'spendFirst'>,
    private readonly clock: Clock,
  ) {
    redis.defineCommand('chargeRate', {
      numberOfKeys: 2,
      lua: readFileSync(join(__dirname, 'chargeRate.lua'), 'utf8'),
    });
  }

  async spend(client: Client, commands: number, signal: AbortSignal): Promise<void> {
    if (!client.rate) return;
    const more = this.keys.spendFirst(client) ? commands - 1 : commands;
    if (more <= 0) return;
    const tokens = await this.charge(client, more);
    const waitMs = msUntil(-maxDebt - tokens, client.rate);
    if (waitMs <= 0) return;
    const readyAtMs = this.clock.now() + waitMs;
    await sleep(this.clock, waitMs, signal).catch(async (reason: unknown) => {
      await this.charge(client, -more);
      if (asFault(reason).code !== 'deadline_exceeded') throw reason;
      throw new Fault('client_rate_limited', { retryAfterMs: Math.max(1, readyAtMs - this.clock.now()) });
    });
  }

  async debtMs(client: Client): Promise<number> {
    return client.rate ? msUntil(-(await this.charge(client, 0)), client.rate) : 0;
  }

  async paid(client: Client, signal: AbortSignal): Promise<void> {
    if (!client.rate) return;
    for (let owedMs = await this.debtMs(client); owedMs > 0; owedMs = await this.debtMs(client))
      await sleep(this.clock, owedMs, signal);
  }

  /** One question for all that is asked in the same moment. */
  private async charge(client: Client, commands: number): Promise<number> {
    const { rate } = client;
    const places = await this.keys.placesOf(client);
    if (!rate || !places) return 0;
    const [key] = places;
    const begun = this.rounds.get(key);
    const round: Round = begun ?? { commands: 0, tokens: Promise.resolve().then(() => this.ask(places, rate)) };
    round.commands += commands;
    if (!begun) this.rounds.set(key, round);
    return round.tokens;
  }

  private async ask(
    [key, use]: readonly [string, string],
    { burst, perSecond }: NonNullable<Client['rate']>,
  ): Promise<number> {
    const commands = this.rounds.get(key)?.commands ?? 0;
    this.rounds.delete(key);
    try {
      const { chargeRate } = this.redis as unknown as { chargeRate: Charge };
      return Number(await chargeRate.call(this.redis, key, use, commands, burst, perSecond));
    } catch (error) {
      throw new Fault('store_unavailable', { cause: error });
    }
  }
}

/** How long the rate takes for so many tokens. */
function msUntil(tokens: number, { perSecond }: NonNullable<Client['rate']>): number {
  return tokens <= 1e-6 ? 0 : Math.ceil((tokens / perSecond) * 1000);
}
