import { setTimeout as sleep } from 'node:timers/promises';
import { adminKey } from '../support/gateway';
import { Administrator } from './administrator';
import { read, write } from './callers';
import { type PortalActor, actorOf } from './actors';
import { Chance } from './chance';
import { Findings } from './findings';
import { pause, ChaosCluster } from './cluster';
import { RecordedCalls } from './recorded-calls';
import { RandomFaults } from './random-faults';
import { secretsIn, tripped } from './observer';
import { RevocationLedger } from './revocation-ledger';
import { type RevocationScene, revokeKeys, suspend } from './revocations';
import { type ScenarioName, scenarios } from './settings';

/** The longest that a portal may run a call here. The simulator never runs one for longer. */
const callLimitMs = 3000;
const slowestMs = 1500;
const renameEveryMs = 12_000;
const readersPerPortal = 2;
/** Longer than the most patient caller waits. */
const restsWithinMs = 150_000;

/** The whole scenario: a storm, calm, checks; then a storm in which Redis loses all its data, calm, checks. */
export class ChaosScenario {
  readonly findings = new Findings();
  actors: readonly PortalActor[] = [];
  renames = 0;
  readonly calls: RecordedCalls;
  readonly ledger = new RevocationLedger();
  /** How long each part took, in ms. */
  readonly parts: [name: string, ms: number][] = [];
  private readonly administrator: Administrator;
  private readonly faults: RandomFaults;
  private clientKey = '';
  private isOver = false;
  private isAtRest = false;
  private hasEnded = false;
  private era = 0;

  private constructor(
    readonly stage: ChaosCluster,
    private readonly chance: Chance,
  ) {
    this.calls = new RecordedCalls(stage, this.findings);
    this.administrator = new Administrator(stage, this.calls, this.findings);
    this.faults = new RandomFaults(stage.simulator, chance.of('troubles'), slowestMs);
  }

  static async begin(seed: string, name: ScenarioName): Promise<ChaosScenario> {
    const settings = scenarios[name];
    const chance = new Chance(seed);
    const env = { B24_CALL_LIMIT_MS: `${callLimitMs}`, B24_PORTAL_HOSTS: '127.0.0.1/32:*', LOG_LEVEL: 'debug' };
    const stage = await ChaosCluster.set(settings, env, chance.of('stage'));
    const story = new ChaosScenario(stage, chance);
    story.actors = await Promise.all(settings.roles.map((role, index) => actorOf(stage.simulator, role, index)));
    await story.timed('set up', story.setUp());
    return story;
  }

  async storm(seconds: number): Promise<void> {
    await this.during(() => pause(seconds * 1000));
  }

  /**
   * In the middle of the storm Redis restarts empty. The gateway must report the portals as missing; they are set up
   * again, and the storm continues.
   */
  async forgetfulStorm(seconds: number): Promise<void> {
    await this.during(async () => {
      await pause((seconds * 1000) / 3);
      this.faults.end();
      await this.stage.endKilling();
      this.era++;
      this.ledger.forgetSuspensions(Date.now());
      await this.stage.restartRedis(false, 500);
      for (const { families } of this.actors) families.clear();
      await Promise.all(this.actors.map((actor) => this.isSaidToBeGone(actor)));
      await this.setUp();
      this.era++;
      this.beginStorm();
      await pause((seconds * 1000 * 2) / 3);
    });
  }

  /** Tries every grant, and checks the logs for secrets. */
  async ask(): Promise<void> {
    const tries = this.actors.map((actor) => this.administrator.tryGrant(actor));
    await this.timed('every grant tried', Promise.all(tries));
    for (const { name, portal } of this.actors) {
      const times = tripped(portal);
      if (times > 0) this.findings.flaw('tripped', `${name} refused ${times} requests: too many`);
      const { longestMs } = this.calls.stalls;
      for (const late of this.ledger.violations(portal, longestMs)) this.findings.flaw('revoked', `${name}: ${late}`);
    }
    for (const line of this.secretsSeen()) this.findings.flaw('secrets', line);
  }

  async end(): Promise<void> {
    this.hasEnded = this.isOver = this.isAtRest = true;
    this.faults.end();
    this.calls.stalls.end();
    await this.stage.strike();
  }

  private async timed(name: string, work: Promise<unknown>): Promise<void> {
    const beganAt = performance.now();
    await work;
    this.parts.push([name, performance.now() - beganAt]);
  }

  /**
   * Runs the callers while processes are killed and requests fail, then stops the faults and waits until all work has
   * ended.
   */
  private async during(act: () => Promise<void>): Promise<void> {
    if (this.hasEnded) throw new Error('The story took too long.');
    this.isOver = this.isAtRest = false;
    this.beginStorm();
    const callers = this.callers();
    const renaming = this.rename();
    // A write on a lost portal ends only after the portal is installed again.
    const lookedAfter = this.actors.map((actor) => this.administrator.lookAfter(actor, () => this.isAtRest));
    await this.timed('storm', act());
    this.faults.end();
    await this.timed('all up again', this.stage.endKilling());
    this.isOver = true;
    await renaming;
    await this.timed('every call came to its end', this.allAtRest(callers));
    this.isAtRest = true;
    await Promise.all(lookedAfter);
  }

  private beginStorm(): void {
    this.faults.begin(this.actors.filter(({ sentenced }) => sentenced).map(({ portal }) => portal));
    this.stage.beginKilling();
  }

  /** Renames one portal after another; the former name of each leads to the new one. */
  private async rename(): Promise<void> {
    const chance = this.chance.of('names');
    for (let nextAt = Date.now() + renameEveryMs; !this.isOver; await pause(100)) {
      if (Date.now() < nextAt) continue;
      await chance.pick(this.actors).portal.rename();
      this.renames++;
      nextAt = Date.now() + renameEveryMs;
    }
  }

  private async allAtRest(callers: readonly Promise<void>[]): Promise<void> {
    const ended = Promise.all(callers).then(() => true);
    if (await Promise.race([ended, sleep(restsWithinMs, false, { ref: false })])) return;
    this.findings.flaw('waiting', `somebody still waits: ${[...this.calls.open].join('; ') || 'for no call'}`);
  }

  private callers(): Promise<void>[] {
    const scene: RevocationScene = {
      calls: this.calls,
      findings: this.findings,
      stage: this.stage,
      keyFor: (chance) => (chance.happens(0.5) ? this.clientKey : adminKey),
      over: () => this.isOver,
      era: () => this.era,
      ledger: this.ledger,
    };
    return this.actors.flatMap((actor) => {
      if (actor.suspended) return [suspend(actor, this.chance.of('suspensions'), scene)];
      return [
        ...Array.from({ length: readersPerPortal }, (_, i) =>
          read(actor, this.chance.of(`${actor.name} reads ${i}`), scene),
        ),
        write(actor, this.chance.of(`${actor.name} writes`), scene),
        revokeKeys(actor, this.chance.of(`${actor.name} revokes`), scene),
      ];
    });
  }

  /** Creates a client's key and installs the app on every portal. */
  private async setUp(): Promise<void> {
    const { administrator } = this;
    await Promise.all([
      this.makeClient(),
      ...this.actors.map(async (actor) => {
        await administrator.install(actor);
        for (let spare = 0; spare < actor.spares; spare++) await administrator.hand(actor);
      }),
    ]);
  }

  private async makeClient(): Promise<void> {
    const client = { name: 'chaos', scopes: ['backlog:read', 'backlog:write'] };
    const call = { method: 'POST', path: '/v1/clients', body: client, deadlineMs: 5000, key: adminKey };
    for (const chance = this.chance.of('clients'); ; await pause(200)) {
      const reported = await this.calls.call(chance, call);
      if (reported?.status !== 201) continue;
      this.clientKey = reported.body.key as string;
      return;
    }
  }

  private async isSaidToBeGone(actor: PortalActor): Promise<void> {
    const last = { status: undefined as string | undefined };
    for (let looks = 0; looks < 40; looks++, await pause(250)) {
      last.status = await this.administrator.status(actor);
      if (last.status === 'portal_not_found') return;
    }
    this.findings.flaw('grants', `${actor.name} is lost with Redis, but told as ${last.status}`);
  }

  private secretsSeen(): string[] {
    const { simulator, berths } = this.stage;
    const tokens = new Set(simulator.portals.flatMap(({ applicationToken }) => applicationToken));
    const { access, refresh } = simulator.ledger.toState();
    for (const { token } of [...access, ...refresh]) tokens.add(token);
    for (const { requests } of simulator.portals) for (const { token } of requests) if (token) tokens.add(token);
    const lines = berths.flatMap(({ lives }) => lives.flatMap(({ logLines, errors }) => [...logLines, errors]));
    return secretsIn(lines, tokens, [simulator.clientSecret, adminKey, this.clientKey]);
  }
}
