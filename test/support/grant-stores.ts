import { randomBytes } from 'node:crypto';
import { type TokenFamily, type GrantStore, type Install, RedisGrantStore, type TokenPair } from '@b24/grants';
import { type PortalId, portalId, Secret } from '@b24/portal';
import { Keyring } from '@b24/seal';
import type { Redis } from 'ioredis';
import { HandClock } from './hand-clock';
import { MemoryGrantStore } from './memory-grant-store';
import { RedisServer } from './redis-server';

/** When the stories of the contracts begin, unix milliseconds. */
export const startMs = 1_700_000_000_000;
export const dayMs = 86_400_000;

export interface GrantStoreAtHand {
  readonly store: GrantStore;
  /** Lets so much time pass, where the implementation keeps time. */
  pass(ms: number): Promise<void>;
  readonly redis?: Redis;
}

let count = 0;
export const newPortal = (): PortalId => portalId((++count).toString(16).padStart(32, '0'));
export const pair = (name: string): TokenPair => ({
  accessToken: new Secret(`access-${name}`),
  refreshToken: new Secret(`refresh-${name}`),
  expiresAtMs: 1_800_000_000_000,
  lifetimeMs: 3_600_000,
});
export const installOf = (portal: PortalId, domain = `p${portal.slice(-4)}.example`): Install => ({
  portal,
  kind: 'app',
  domain,
  endpoint: `https://${domain}/rest/`,
  oauthServer: 'https://oauth.example',
  scope: ['task'],
  installedAtMs: startMs + count,
});
export const familyOf = (id: string, grantedAtMs = startMs): TokenFamily => ({ id, grantedAtMs });
export const rejectionOf = (version: number) => ({ version, reason: 'token', times: 1, sinceMs: 1 }) as const;
export const deadIssue = { code: 'reauthorization_required', detail: 'spent', sinceMs: 1 } as const;

/** One portal with one pair, in a store at hand, and what one asks of it. */
export class StoredPortal {
  readonly portal = newPortal();

  constructor(readonly at: GrantStoreAtHand) {}

  get store(): GrantStore {
    return this.at.store;
  }

  async install(): Promise<void> {
    const applicationToken = new Secret('app-token');
    await this.again('first', {}, applicationToken);
  }

  /** Another install, with a family of its own. */
  again(name: string, more: Partial<Install> = {}, applicationToken?: Secret): Promise<boolean> {
    const install = { ...installOf(this.portal), installedAtMs: startMs + ++count, ...more };
    const family = familyOf(name, install.installedAtMs);
    return this.store.install({ install, pair: pair(name), family, ...(applicationToken && { applicationToken }) });
  }

  renewal(to: string, install = installOf(this.portal), family = familyOf('first')) {
    return { family, install, pair: pair(to), refreshedAtMs: startMs + 100_000 };
  }

  async version(): Promise<number> {
    return (await this.store.load(this.portal))?.version ?? -1;
  }

  async access(): Promise<string | undefined> {
    return (await this.store.load(this.portal))?.pair?.accessToken.reveal();
  }

  /** Their families and refresh tokens. */
  async spares(): Promise<[string, string][]> {
    const { spares = [] } = (await this.store.load(this.portal)) ?? {};
    return spares.map(({ id, refreshToken }) => [id, refreshToken.reveal()]);
  }
}

/** Runs a suite against every implementation. */
export function contract(suite: (it: () => StoredPortal) => void): void {
  describe('a grant store: in memory', () => {
    const clock = new HandClock();
    const at = { store: new MemoryGrantStore(clock), pass: (ms: number) => clock.advance(ms) };
    underContract(() => at, suite);
  });

  describe('a grant store: in Redis', () => {
    let server: RedisServer;
    let at: GrantStoreAtHand;
    beforeAll(async () => {
      server = await RedisServer.start();
      const redis = server.client();
      const seal = new Keyring([{ id: 'k1', key: randomBytes(32) }]);
      const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
      at = { store: new RedisGrantStore(redis, seal), pass, redis };
    });
    afterAll(async () => {
      at.redis?.disconnect();
      await server.stop();
    });
    underContract(() => at, suite);
  });
}

function underContract(at: () => GrantStoreAtHand, suite: (it: () => StoredPortal) => void): void {
  let stored: StoredPortal;
  beforeEach(async () => {
    stored = new StoredPortal(at());
    await stored.install();
  });
  suite(() => stored);
}
