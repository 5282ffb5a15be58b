import type { Clock } from '@b24/portal';
import { HttpClient, type World } from './gateway';
import { RedirectableProxy } from './redirectable-proxy';

/** A gateway whose PUBLIC_URL is the address at which the test reaches it, and its further replicas. */
export class PublicGateway {
  private constructor(
    private readonly world: World,
    private readonly proxy: RedirectableProxy,
    private readonly settings: Record<string, string>,
  ) {}

  static async start(world: World, more: Record<string, string> = {}, clock?: Clock): Promise<PublicGateway> {
    const proxy = await RedirectableProxy.to(0);
    const settings = { PUBLIC_URL: `http://127.0.0.1:${proxy.port}`, MCP_OAUTH: 'true', ...more };
    const gateway = new PublicGateway(world, proxy, settings);
    gateway.lead(await gateway.replica(clock));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  get admin(): HttpClient {
    return new HttpClient(this.url);
  }

  /** Another replica behind the same PUBLIC_URL. */
  replica(clock?: Clock): Promise<HttpClient> {
    return this.world.gateway(this.settings, clock);
  }

  /** Leads new connections to a replica. */
  lead(replica: HttpClient): void {
    this.proxy.lead(Number(new URL(replica.url).port));
  }

  close(): void {
    this.proxy.close();
  }
}
