import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bitrix24Simulator, type SimulatorOptions } from '../../apps/portal-simulator/src';
import { environment } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { freePort, RedisServer } from '../support/redis-server';
import type { Chance } from './chance';

const replicas = 3;

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The place of one replica: its address stays when a new process takes it over. */
class ReplicaSlot {
  living: GatewayProcess | undefined;
  readonly lives: GatewayProcess[] = [];

  constructor(private readonly env: Record<string, string>) {}

  get url(): string {
    return `http://127.0.0.1:${this.env['PORT']}`;
  }

  async start(): Promise<void> {
    const replica = await GatewayProcess.start(this.env);
    this.lives.push(replica);
    this.living = replica;
  }

  async kill(): Promise<void> {
    const replica = this.living;
    this.living = undefined;
    await replica?.kill9();
  }
}

/** A `kill -9` of a replica, and when its process had ended, which takes a while on a busy machine. Unix ms. */
export interface Kill {
  readonly atMs: number;
  endedAtMs: number;
}

/** How often replicas are killed, and whether one of them must keep running. */
export interface KillSettings {
  readonly killEveryMs: number;
  readonly leavesOne: boolean;
}

/** Three replicas, each a process, over one Redis with an append-only file; kills and restarts them. */
export class ChaosCluster {
  /** Unix milliseconds. */
  readonly kills: Kill[] = [];
  readonly outages: { readonly from: number; until: number }[] = [];
  restarts = { withData: 0, withoutData: 0 };
  /** How often Redis kept its connections open but did not reply. */
  freezes = 0;
  private killing: Promise<unknown> | undefined;
  private calm = true;

  private constructor(
    readonly redis: RedisServer,
    readonly simulator: Bitrix24Simulator,
    readonly berths: readonly ReplicaSlot[],
    private readonly chance: Chance,
    private readonly killSettings: KillSettings,
  ) {}

  static async set(
    settings: KillSettings & { readonly simulator: SimulatorOptions },
    env: Record<string, string>,
    chance: Chance,
  ): Promise<ChaosCluster> {
    const [redis, simulator] = await Promise.all([RedisServer.start(), Bitrix24Simulator.start(settings.simulator)]);
    const berths: ReplicaSlot[] = [];
    for (let i = 0; i < replicas; i++) {
      berths.push(new ReplicaSlot(environment(redis, simulator, { ...env, PORT: `${await freePort()}` })));
    }
    await Promise.all(berths.map((berth) => berth.start()));
    return new ChaosCluster(redis, simulator, berths, chance, settings);
  }

  /** Kills and restarts a listening replica every few seconds; kills or freezes Redis about every ten seconds. */
  beginKilling(): void {
    this.calm = false;
    this.killing = Promise.all([this.killReplicas(), this.takeRedisAway()]);
  }

  /** Resolves when everything is up again. */
  async endKilling(): Promise<void> {
    this.calm = true;
    await this.killing;
  }

  async restartRedis(withData: boolean, awayMs: number): Promise<void> {
    const outage = { from: Date.now(), until: Infinity };
    this.outages.push(outage);
    await this.redis.kill();
    await pause(awayMs);
    await this.redis.startAgain({ withData });
    outage.until = Date.now();
    this.restarts[withData ? 'withData' : 'withoutData']++;
  }

  private async freezeRedis(forMs: number): Promise<void> {
    const outage = { from: Date.now(), until: Infinity };
    this.outages.push(outage);
    this.redis.freeze();
    await pause(forMs);
    this.redis.thaw();
    outage.until = Date.now();
    this.freezes++;
  }

  async strike(): Promise<void> {
    await this.endKilling();
    await Promise.all(this.berths.map((berth) => berth.kill()));
    await this.simulator.stop();
    await this.redis.stop();
  }

  /** Writes the log of each process of each replica into a file of its own, for debugging. */
  keepLogs(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const [at, { lives }] of this.berths.entries()) {
      for (const [life, { logLines, errors }] of lives.entries()) {
        writeFileSync(join(folder, `replica-${at}-life-${life + 1}.log`), [...logLines, errors].join('\n'));
      }
    }
  }

  private async killReplicas(): Promise<void> {
    const chance = this.chance.of('kills');
    const starts: Promise<void>[] = [];
    while (!this.calm) {
      await pause(this.killSettings.killEveryMs);
      const listening = this.berths.filter(({ living }) => living);
      // Unless the scenario says otherwise, one keeps running: without any there is nothing to observe.
      if (listening.length < (this.killSettings.leavesOne ? 2 : 1) || this.calm) continue;
      const berth = chance.pick(listening);
      const kill: Kill = { atMs: Date.now(), endedAtMs: Infinity };
      this.kills.push(kill);
      starts.push(
        berth.kill().then(() => {
          kill.endedAtMs = Date.now();
          return berth.start();
        }),
      );
    }
    await Promise.all(starts);
  }

  private async takeRedisAway(): Promise<void> {
    const chance = this.chance.of('redis');
    for (let nextAt = Date.now() + chance.between(3000, 6000); !this.calm; await pause(100)) {
      if (Date.now() < nextAt) continue;
      if (chance.happens(0.7)) await this.restartRedis(true, chance.between(100, 1500));
      else await this.freezeRedis(chance.between(100, 5000));
      nextAt = Date.now() + chance.between(6000, 12_000);
    }
  }
}
