import { Bitrix24Simulator, type SimulatedPortal } from '../../apps/portal-simulator/src';
import type { ApiDocument } from '../support/api-document';
import { adminKey, HttpClient, encryptionKeys, environment, eventually } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { RedisServer } from '../support/redis-server';
import { KnownValues } from './known';
import type { KeyKind } from './sketch';
import { injectFaults } from './inject-faults';

const groups = Array.from({ length: 16 }, (_, i) => 125 + i);
/** The first groups always have a backlog; the others have one only for a moment. */
const taken = 6;
const users = [1, 6];
/** All tasks of the second group, which are in its backlog. */
const tasks = [11, 12, 13];
const aliases = ['acme', 'planning', 'beta'];
export const callTimeoutMs = 2000;

interface ListedPortal {
  readonly memberId: string;
  readonly status: string;
  readonly limits: { readonly from: string };
}

/** A gateway in a process of its own over a real Redis, with failing portals and keys of every kind. */
export class FuzzWorld {
  private readonly tokens = new Set<string>();
  private repairs = 0;

  private constructor(
    private readonly redis: RedisServer,
    private readonly simulator: Bitrix24Simulator,
    readonly gateway: GatewayProcess,
    readonly url: string,
    readonly known: KnownValues,
    private readonly keys: Readonly<Record<'few' | 'expired', string>>,
    /** Portals with the app installed, unless a request has just deleted them. */
    private readonly portals: readonly SimulatedPortal[],
  ) {}

  static async lay(document: ApiDocument, seed: number): Promise<FuzzWorld> {
    const [redis, simulator] = await Promise.all([
      RedisServer.start(),
      Bitrix24Simulator.start({ accessTokenLifetimeMs: 150_000 }),
    ]);
    const limits = { B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' };
    const times = { CALL_TIMEOUT_MS: `${callTimeoutMs}`, B24_CALL_LIMIT_MS: '1000' };
    // Sends wrong keys from many addresses, so that they are not throttled as one source.
    const more = { ...limits, ...times, TRUSTED_PROXIES: '127.0.0.1', EVENT_TARGET_HOSTS: '127.0.0.0/8:*' };
    const gateway = await GatewayProcess.start(environment(redis, simulator, more));
    const { url } = gateway;
    simulator.callbackUrl = `${url}/oauth/callback`;
    const roomy = { burst: 100_000, drainPerSecond: 1000, groups, users };
    const portals = [];
    for (let i = 0; i < 10; i++) portals.push(await simulator.addPortal(roomy));
    const hooked = [await simulator.addPortal(roomy), await simulator.addPortal(roomy)];
    const known = new KnownValues(document.operations);
    known.set(
      'webhookUrl',
      hooked.map((it) => it.webhookUrl()),
    );
    const world = new FuzzWorld(redis, simulator, gateway, url, known, await keysOf(new HttpClient(url)), portals);
    known.set('portal', [...portals.flatMap(({ memberId, domain }) => [memberId, memberId, domain]), ...aliases]);
    for (const name of ['createdBy', 'modifiedBy', 'userId']) known.set(name, users);
    known.set('groupId', [...groups, ...groups.slice(0, taken)]);
    known.set('backlogId', [1, 2, 3, 4, 5, 6]);
    known.set('alias', aliases);
    known.set('taskId', tasks);
    known.set('method', ['tasks.api.scrum.backlog.getFields', 'tasks.api.scrum.sprint.list', 'user.current', 'batch']);
    // A listening receiver on loopback.
    known.set('url', [`${simulator.oauthServer}/`]);
    await eventually(async () => (await world.repair()) === portals.length);
    injectFaults(simulator, seed);
    return world;
  }

  authorization(kind: KeyKind, of: number): string | undefined {
    switch (kind) {
      case 'admin':
        return `Bearer ${adminKey}`;
      case 'few':
      case 'expired':
        return `Bearer ${this.keys[kind]}`;
      case 'wrong':
        return `Bearer b24_${`${of}`.padStart(43, 'x')}`;
      case 'none':
        return undefined;
    }
  }

  /** Secrets that no answer may contain. */
  get secrets(): readonly string[] {
    const { clientSecret, portals } = this.simulator;
    const ofPortals = portals.flatMap((it) => [it.applicationToken, ...it.webhooks.map(({ secret }) => secret)]);
    const ofGateway = [adminKey, ...Object.values(this.keys), encryptionKeys.split(':')[1] ?? ''];
    return [clientSecret, ...ofGateway, ...ofPortals, ...this.tokens];
  }

  /**
   * Restores what requests have undone: portals are installed, active and under no load, some groups have a backlog and
   * some have none. @returns how many portals work
   */
  async repair(): Promise<number> {
    const client = new HttpClient(this.url);
    const { body } = await client.get<{ items?: ListedPortal[] }>('/v1/portals?limit=200');
    const listed = new Map((body.items ?? []).map((it) => [it.memberId, it]));
    if (++this.repairs % 40 === 0) for (const portal of this.portals) portal.expireAccessTokens();
    await Promise.all(this.portals.map((it) => this.repairPortal(client, it, listed.get(it.memberId))));
    this.remember();
    return this.portals.filter(({ memberId }) => listed.get(memberId)?.status === 'active').length;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.simulator.stop();
    await this.redis.stop();
  }

  private async repairPortal(client: HttpClient, portal: SimulatedPortal, listed?: ListedPortal): Promise<void> {
    const { memberId, scrum } = portal;
    for (const groupId of groups.slice(0, taken)) {
      if (!scrum.backlogOfGroup(groupId)) scrum.addBacklog({ id: groupId - 124, groupId, createdBy: 1, modifiedBy: 0 });
    }
    for (const taskId of tasks) {
      scrum.addTask(taskId, groups[1] ?? 0);
      if (!scrum.items.has(taskId)) scrum.addItem(2, taskId);
    }
    for (const groupId of groups.slice(taken)) {
      const backlog = scrum.backlogOfGroup(groupId);
      if (backlog) scrum.removeEntity(backlog.id);
    }
    if (listed?.status === 'suspended') await client.call('PATCH', `/v1/portals/${memberId}`, { suspended: false });
    else if (listed?.status !== 'active') await portal.sendInstallEvent(`${this.url}/bitrix24/events`);
    if (listed?.limits.from === 'operator') await client.call('PATCH', `/v1/portals/${memberId}`, { limits: null });
  }

  /** Collects the newest tokens that the portals have seen, and clears their recorded requests. */
  private remember(): void {
    for (const { requests } of this.simulator.portals) {
      for (const { token } of requests.splice(0)) if (token) this.tokens.add(token);
    }
    for (const token of [...this.tokens].slice(0, -200)) this.tokens.delete(token);
  }
}

/** Creates a key with few rights, and an expired one. */
async function keysOf(client: HttpClient): Promise<Record<'few' | 'expired', string>> {
  const few = await client.call('POST', '/v1/clients', { name: 'few', scopes: ['portals:read', 'backlog:read'] });
  const expiresAt = new Date(Date.now() + 1000).toISOString();
  const made = await client.call('POST', '/v1/clients', { name: 'expired', scopes: ['backlog:read'], expiresAt });
  const expired = made.body.key as string;
  await eventually(async () => (await new HttpClient(client.url, expired).get('/v1/portals')).status === 401);
  return { few: few.body.key as string, expired };
}
