import { Fault, portalId, Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import type { FreshGrants } from './fresh-grants';
import type { GrantStore } from './grant-store';
import type { Grant, TokenRejection } from './install';
import type { OAuthServer, TokenInfo } from './oauth-server';
import { PortalHosts } from './portal-hosts';
import { RelocationLookup } from './relocation-lookup';

const portal = portalId('a'.repeat(32));
const old = 'https://p.example/rest/';
const moved = 'https://moved.example/rest/';
const place: Grant = {
  ...{ portal, kind: 'app', domain: 'p.example', endpoint: old, oauthServer: 'https://oauth.example', scope: ['task'] },
  ...{ suspended: false, version: 3, installedAtMs: 5 },
};
const grant: Grant = {
  ...place,
  pair: { accessToken: new Secret('access'), refreshToken: new Secret('refresh'), expiresAtMs: 1, lifetimeMs: 1 },
};
const infoAt = (endpoint: string, more: Partial<TokenInfo> = {}): TokenInfo => ({
  ...{ clientId: 'app.1', portal, endpoint, scope: 'task' },
  ...more,
});

describe('the lookup of a portal that was renamed', () => {
  let clock: HandClock;
  let lookup: RelocationLookup;
  let stored: Grant | undefined;
  let info: () => Promise<TokenInfo | 'expired' | undefined>;
  let afterRefresh: Grant | Fault;
  let asked: string[];
  let relocated: unknown[];
  let rejections: TokenRejection[];

  beforeEach(() => {
    clock = new HandClock();
    stored = grant;
    info = () => Promise.resolve(infoAt(moved));
    afterRefresh = { ...grant, endpoint: moved };
    asked = [];
    relocated = [];
    rejections = [];
    lookup = new RelocationLookup({
      clock,
      rules: { hosts: new PortalHosts(['p.example', 'moved.example']), allowHttp: false },
      store: {
        load: () => Promise.resolve(stored),
        relocate: (...args: unknown[]) => {
          relocated.push(args);
          return Promise.resolve();
        },
        recordRejection: (_portal: string, rejection: TokenRejection) => {
          rejections.push(rejection);
          return Promise.resolve();
        },
      } as unknown as GrantStore,
      oauth: {
        tokenInfo: (token: Secret, server: string) => {
          asked.push(`${token.reveal()} ${server}`);
          return info();
        },
        clientId: (app: string) => Promise.resolve(app === 'default' ? 'app.1' : `of ${app}`),
      } as unknown as OAuthServer,
      grants: {
        ensure: () => (afterRefresh instanceof Fault ? Promise.reject(afterRefresh) : Promise.resolve(afterRefresh)),
      } as unknown as FreshGrants,
    });
  });

  it('asks the authorization server, and saves the new endpoint', async () => {
    expect(await lookup.hasMoved(grant)).toBe(true);
    expect(asked).toEqual(['access https://oauth.example']);
    expect(relocated).toEqual([[portal, 3, { domain: 'moved.example', endpoint: moved }]]);
    expect(rejections).toEqual([]);
  });

  it.each<[what: string, info: TokenInfo]>([
    ['it is where it was', infoAt(old)],
    ['its host is not allowed', infoAt('https://evil.example/rest/')],
    ['the token is of another app', infoAt(moved, { clientId: 'app.2' })],
    ['the token is of another portal', infoAt(moved, { portal: portalId('b'.repeat(32)) })],
  ])('finds nothing if %s', async (_what, it) => {
    info = () => Promise.resolve(it);
    expect([await lookup.hasMoved(grant), relocated]).toEqual([false, []]);
  });

  it('compares with the app that the portal belongs to', async () => {
    stored = { ...grant, app: 'a_1' };
    expect(await lookup.hasMoved(grant)).toBe(false);
    info = () => Promise.resolve(infoAt(moved, { clientId: 'of a_1' }));
    await clock.advance(30_000);
    expect(await lookup.hasMoved(grant)).toBe(true);
  });

  it.each<[what: string, info: 'expired' | undefined]>([
    ['has expired', 'expired'],
    ['is unknown', undefined],
  ])('refreshes a token that %s, which names the endpoint as well', async (_what, it) => {
    info = () => Promise.resolve(it);
    expect([await lookup.hasMoved(grant), relocated]).toEqual([true, []]);
    expect(rejections).toEqual([{ version: 3, reason: 'token', times: 1, sinceMs: clock.now() }]);
    afterRefresh = grant;
    expect(await lookup.hasMoved(grant)).toBe(false);
  });

  it('finds nothing, and rests not, when it fails', async () => {
    info = () => Promise.reject(new Fault('authorization_server_error'));
    expect(await lookup.hasMoved(grant)).toBe(false);
    info = () => Promise.resolve(infoAt(moved));
    expect(await lookup.hasMoved(grant)).toBe(true);
  });

  it('asks nobody when another endpoint is stored by now, or no pair', async () => {
    stored = { ...grant, endpoint: moved };
    expect(await lookup.hasMoved(grant)).toBe(true);
    stored = place;
    expect(await lookup.hasMoved(grant)).toBe(false);
    stored = undefined;
    expect([await lookup.hasMoved(grant), asked]).toEqual([false, []]);
  });

  it('rests for 30 seconds when it found nothing', async () => {
    info = () => Promise.resolve(infoAt(old));
    await lookup.hasMoved(grant);
    await clock.advance(29_999);
    expect([await lookup.hasMoved(grant), asked.length]).toEqual([false, 1]);
    await clock.advance(1);
    info = () => Promise.resolve(infoAt(moved));
    expect([await lookup.hasMoved(grant), await lookup.hasMoved(grant), asked.length]).toEqual([true, true, 3]);
  });

  it('is shared while it is in flight', async () => {
    const both = [lookup.hasMoved(grant), lookup.hasMoved(grant)];
    expect(both[0]).toBe(both[1]);
    expect([await Promise.all(both), asked.length]).toEqual([[true, true], 1]);
  });
});
