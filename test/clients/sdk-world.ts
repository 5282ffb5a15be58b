import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';
import { receivedRequests } from './received-requests';

/** How a client reaches a portal: straight, or by one of the two URL forms of the gateway. */
export interface SdkRoute {
  readonly name: 'direct' | 'path' | 'host';
  readonly portal: SimulatedPortal;
  /** `http://127.0.0.1:PORT`, with `/p/{member id}` in the path form. */
  readonly base: string;
  /** The webhook's secret, or the client key. */
  readonly secret: string;
  /** The `Host` header that names the portal in the host form. */
  readonly host: string | undefined;
}

/** What one run of a client led to. */
export interface SdkRun {
  readonly received: readonly string[];
  readonly returned: unknown;
}

const scope = ['task', 'crm', 'user', 'disk'];

/** A gateway with a client key for SDKs, and portals to compare it with. */
export class SdkWorld {
  private aliases = 0;

  private constructor(
    private readonly world: World,
    private readonly gateway: HttpClient,
    private readonly key: string,
  ) {}

  static async start(): Promise<SdkWorld> {
    const world = await World.start({ scope });
    const gateway = await world.gateway({ SDK_DOMAIN: 'gw.example' });
    const created = await gateway.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] });
    return new SdkWorld(world, gateway, created.body.key as string);
  }

  /** Runs on new portals with equal data, in the order direct, path, host; so ids are equal as well. */
  async runEverywhere(run: (route: SdkRoute) => Promise<unknown>): Promise<SdkRun[]> {
    const routes = await Promise.all([this.direct(), this.byPath(), this.byHost()]);
    for (const { portal } of routes) portal.requests.length = 0;
    const returned = await Promise.all(routes.map(run));
    return routes.map(({ portal }, i) => ({ received: receivedRequests(portal), returned: returned[i] }));
  }

  stop(): Promise<void> {
    return this.world.stop();
  }

  private async direct(): Promise<SdkRoute> {
    const portal = await this.filledPortal();
    const secret = portal.webhookUrl(1, scope).split('/').at(-2) ?? '';
    return { name: 'direct', portal, base: `http://${portal.domain}`, secret, host: undefined };
  }

  private async byPath(): Promise<SdkRoute> {
    const portal = await this.filledPortal();
    const base = `${this.gateway.url}/p/${portal.memberId}`;
    return { name: 'path', portal, base, secret: this.key, host: undefined };
  }

  private async byHost(): Promise<SdkRoute> {
    const portal = await this.filledPortal();
    const alias = `acme${(this.aliases += 1)}`;
    await this.gateway.call('PATCH', `/v1/portals/${portal.memberId}`, { alias });
    return { name: 'host', portal, base: this.gateway.url, secret: this.key, host: `${alias}.gw.example` };
  }

  private async filledPortal(): Promise<SimulatedPortal> {
    const portal = await this.world.installed(this.gateway, { burst: 200, drainPerSecond: 20 });
    portal.crm.addDeals(130);
    return portal;
  }
}
