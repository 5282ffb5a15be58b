import fc from 'fast-check';
import { Bitrix24Simulator, type SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, environment, eventually } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { RedisServer } from '../support/redis-server';
import { type AccessAttempt, keyRights } from './attempts';
import type { Rights } from './oracle';
import { dealCount, type AttemptTarget } from './wire';

const portalCount = 4;
const keyCount = 40;

interface JobPage {
  readonly items: readonly { readonly state: string }[];
  readonly nextCursor?: string;
}

interface AuditPage {
  readonly items: readonly { readonly requestId: string }[];
  readonly nextCursor?: string;
}

interface AuthorizationKey extends Rights {
  readonly key: string;
}

/** A gateway of the present build, portals without limits, and keys of random rights. */
export class AuthorizationWorld {
  private constructor(
    private readonly redis: RedisServer,
    private readonly simulator: Bitrix24Simulator,
    readonly gateway: GatewayProcess,
    readonly portals: readonly SimulatedPortal[],
    private readonly keys: readonly AuthorizationKey[],
  ) {}

  static async start(seed: number): Promise<AuthorizationWorld> {
    const [redis, simulator] = await Promise.all([
      RedisServer.start(),
      Bitrix24Simulator.start({ scope: ['task', 'crm', 'user'] }),
    ]);
    const limits = { B24_BURST: '10000', B24_DRAIN_PER_SECOND: '1000', JOBS_PER_CLIENT: '1000', JOB_CONCURRENCY: '20' };
    const gateway = await GatewayProcess.start(environment(redis, simulator, { ...limits, AUDIT_KEEP: '1000000' }));
    simulator.callbackUrl = `${gateway.url}/oauth/callback`;
    const { client } = gateway;
    const portals: SimulatedPortal[] = [];
    for (let i = 0; i < portalCount; i++) {
      const portal = await simulator.addPortal({
        burst: 1_000_000,
        drainPerSecond: 100_000,
        groups: [125],
        users: [1, 6],
      });
      await portal.sendInstallEvent(`${gateway.url}/bitrix24/events`);
      await eventually(async () => (await client.get(`/v1/portals/${portal.memberId}`)).body.status === 'active');
      const named = { alias: `portal-${i}`, tags: [`tag-${i % 2}`] };
      await client.call('PATCH', `/v1/portals/${portal.memberId}`, named);
      portal.crm.addDeals(dealCount);
      portals.push(portal);
    }
    const keys: AuthorizationKey[] = [];
    for (const { portals: some, ...more } of fc.sample(keyRights, { seed, numRuns: keyCount })) {
      const rights = { ...more, portals: some === 'all' ? some : some.map((i) => portals[i]!.memberId) };
      const { body } = await client.call('POST', '/v1/clients', { name: 'some', ...rights });
      keys.push({ ...rights, key: body.key as string });
    }
    return new AuthorizationWorld(redis, simulator, gateway, portals, keys);
  }

  rightsOf({ key }: AccessAttempt): Rights {
    return this.keys[key % keyCount]!;
  }

  placeOf({ key, portal: { index, by }, flags }: AccessAttempt, number: number): AttemptTarget {
    const it = this.portals[index]!;
    const names = {
      'member id': it.memberId,
      'MEMBER ID': it.memberId.toUpperCase(),
      alias: `portal-${index}`,
      domain: it.domain,
      nobody: 'nobody',
    };
    const portal = names[by];
    const all = this.portals.map(({ domain }) => domain);
    return { portal, portals: flags.halt ? 'all' : [portal, ...all], key: this.keys[key % keyCount]!.key, number };
  }

  /** Every job that was accepted is over. */
  async settled(): Promise<void> {
    const { client } = this.gateway;
    const isOver = ({ state }: { state: string }) => state !== 'queued' && state !== 'running';
    await eventually(async () => {
      for (let cursor: string | undefined = '0'; cursor !== undefined;) {
        const page: JobPage = (await client.get<JobPage>(`/v1/jobs?limit=200&cursor=${cursor}`)).body;
        if (!page.items.every(isOver)) return false;
        cursor = page.nextCursor;
      }
      return true;
    });
  }

  /** The request ids that the audit log knows. */
  async audited(): Promise<Set<string>> {
    const { client } = this.gateway;
    const known = new Set<string>();
    let more = '';
    for (;;) {
      const page: AuditPage = (await client.get<AuditPage>(`/v1/audit?limit=200${more}`)).body;
      for (const { requestId } of page.items) known.add(requestId);
      if (page.nextCursor === undefined) return known;
      more = `&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
  }

  get client(): HttpClient {
    return this.gateway.client;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.simulator.stop();
    await this.redis.stop();
  }
}
