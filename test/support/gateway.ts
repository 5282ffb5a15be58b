import { randomBytes } from 'node:crypto';
import { type Clock } from '@b24/portal';
import { createGateway, type Gateway } from '../../apps/gateway/src/create-gateway';
import { gatewayLog } from '../../apps/gateway/src/http/log';
import { readSettings } from '../../apps/gateway/src/settings';
import { Bitrix24Simulator, type SimulatedPortal } from '../../apps/portal-simulator/src';
import { mustBeDocumented } from './documented';
import { areAllUsed, setLevel } from './permit-levels';
import { RedisServer, type Store } from './redis-server';

export const adminKey = `b24admin_${randomBytes(32).toString('base64url')}`;
export const encryptionKeys = `k1:${randomBytes(32).toString('base64')}`;

export type SimulatorSetup = NonNullable<Parameters<typeof Bitrix24Simulator.start>[0]>;
type EnvironmentOverrides = Record<string, string>;

/** The settings of a gateway that talks to this simulator over this Redis. */
export function environment(
  redis: Pick<Store, 'url'>,
  simulator: Bitrix24Simulator,
  more: EnvironmentOverrides = {},
): EnvironmentOverrides {
  return {
    PORT: '0',
    REDIS_URL: redis.url,
    ADMIN_KEY: adminKey,
    ENCRYPTION_KEYS: encryptionKeys,
    B24_CLIENT_ID: simulator.clientId,
    B24_CLIENT_SECRET: simulator.clientSecret,
    B24_OAUTH_SERVER: simulator.oauthServer,
    B24_ALLOW_HTTP: 'true',
    B24_PORTAL_HOSTS: '127.0.0.0/8:*',
    ...more,
  };
}

export interface HttpReply<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** Calls a gateway as an internal service does, and takes no answer that openapi.json does not say. */
export class HttpClient {
  constructor(
    readonly url: string,
    readonly key: string | undefined = adminKey,
  ) {}

  /** Creates a key with these scopes, and returns a client with it. */
  async withScopes(...scopes: string[]): Promise<HttpClient> {
    const { body } = await this.call('POST', '/v1/clients', { name: 'planner', scopes });
    return new HttpClient(this.url, body.key as string);
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into whatever came
  async call<T = any>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<HttpReply<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(this.key && { Authorization: `Bearer ${this.key}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status, headers: answered } = response;
    const type = answered.get('content-type') ?? '';
    const reported = (type.includes('json') && !type.includes('ndjson') && text !== '' ? JSON.parse(text) : text) as T;
    mustBeDocumented(method, path, { status, type, body: reported });
    return { status, headers: answered, body: reported };
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  get<T = any>(path: string, headers?: Record<string, string>): Promise<HttpReply<T>> {
    return this.call<T>('GET', path, undefined, headers);
  }
}

/** A real Redis, a simulator and a gateway in this process, over real HTTP on loopback. */
export class World<R extends Store = RedisServer> {
  readonly logLines: string[] = [];
  private readonly gateways: Gateway[] = [];

  private constructor(
    readonly redis: R,
    readonly simulator: Bitrix24Simulator,
  ) {}

  static start(options: SimulatorSetup = {}): Promise<World> {
    return World.over(RedisServer.start(), options);
  }

  /** Over a store of another kind. */
  static async over<R extends Store>(store: R | Promise<R>, options: SimulatorSetup = {}): Promise<World<R>> {
    const [redis, simulator] = await Promise.all([store, Bitrix24Simulator.start(options)]);
    return new World(redis, simulator);
  }

  get newest(): Gateway {
    const gateway = this.gateways.at(-1);
    if (!gateway) throw new Error('No gateway was started.');
    return gateway;
  }

  /** Another replica. */
  async gateway(more: EnvironmentOverrides = {}, clock?: Clock): Promise<HttpClient> {
    const log = gatewayLog('debug', { write: (line) => this.logLines.push(line) });
    const settings = readSettings(environment(this.redis, this.simulator, more));
    const gateway = await createGateway(settings, { log, ...(clock && { clock }) });
    this.gateways.push(gateway);
    const url = await gateway.listen();
    this.simulator.callbackUrl = `${url}/oauth/callback`;
    return new HttpClient(url);
  }

  /** A portal that has the app installed, through the gateway's own event address, and of which nothing is new. */
  async installed(
    client: HttpClient,
    options: Parameters<Bitrix24Simulator['addPortal']>[0] = {},
  ): Promise<SimulatedPortal> {
    const portal = await this.simulator.addPortal(options);
    await this.install(client, portal);
    // What the install itself asked of it.
    portal.requests.length = 0;
    return portal;
  }

  async install(client: HttpClient, portal: SimulatedPortal): Promise<void> {
    await this.knownForLong(portal.memberId);
    await portal.sendInstallEvent(`${client.url}/bitrix24/events`);
    await eventually(async () => {
      const { body } = await client.get<{ status?: string }>(`/v1/portals/${portal.memberId}`);
      return body.status === 'active';
    });
  }

  /** As if the portal had been here for long: its bucket is full, and it is not asked for its tariff. */
  async knownForLong(memberId: string): Promise<void> {
    const redis = this.redis.client();
    await setLevel(redis, memberId, 0);
    const tariff = { licence: 'en_basic', family: 'basic', requestedAtMs: Date.now() };
    await redis.hset(`b24:{${memberId}}:grant`, 'tariff', JSON.stringify(tariff));
    redis.disconnect();
  }

  /** Fills the portal's bucket up to this level; the gateway has none of its permits in hand afterwards. */
  async fill(client: HttpClient, memberId: string, level: number): Promise<void> {
    const redis = this.redis.client();
    await eventually(async () => {
      await client.get(`/v1/portals/${memberId}`); // reports what was settled and what lapsed
      return areAllUsed(redis, memberId);
    });
    await setLevel(redis, memberId, level);
    redis.disconnect();
  }

  async closeGateways(): Promise<void> {
    await Promise.all(this.gateways.splice(0).map((gateway) => gateway.close()));
  }

  async stop(): Promise<void> {
    await this.closeGateways();
    await this.simulator.stop();
    await this.redis.stop();
  }
}

/** Asks again and again until it is so. It ends some time after jest ended the test, so that jest can end too. */
export async function eventually(isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let asked = 0; !(await isSo()); asked++) {
    if (asked > 4000) throw new Error('What was waited for did not come.');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
