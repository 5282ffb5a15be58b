import { Fault, type FaultCode, portalId, type PortalId, Secret } from '@b24/portal';
import { HandClock } from '../../../test/support/hand-clock';
import { MemoryGrantStore } from '../../../test/support/memory-grant-store';
import { KeepAlive } from './keep-alive';

const day = 86_400_000;
const minute = 60_000;
const afterMs = 90 * day;

/** Portals whose ids are spread over the whole range. */
const idOf = (n: number, of: number): PortalId =>
  portalId(
    Math.floor((n / of) * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
      .padEnd(32, '0'),
  );

async function world(count: number) {
  const clock = new HandClock();
  const store = new MemoryGrantStore(clock);
  const portals = Array.from({ length: count }, (_, i) => idOf(i, count));
  const refreshed: { portal: PortalId; atMs: number }[] = [];
  /** The server's error in place of a new pair. */
  const issue = new Map<PortalId, FaultCode>();
  for (const portal of portals) {
    const pair = { accessToken: new Secret('a'), refreshToken: new Secret('r'), expiresAtMs: 0, lifetimeMs: 1 };
    const place = { domain: `${portal}.example`, endpoint: 'https://x/rest/', oauthServer: 'https://oauth.example' };
    const install = { portal, kind: 'app' as const, ...place, scope: [], installedAtMs: clock.now() };
    await store.install({ install, pair });
  }
  const grants = {
    keepAlive: async (portal: PortalId): Promise<number> => {
      refreshed.push({ portal, atMs: clock.now() });
      await new Promise<void>((resolve) => clock.after(1000, resolve));
      const code = issue.get(portal);
      if (code) throw new Fault(code);
      return clock.now();
    },
  };
  /** Runs two replicas for a few minutes each day. */
  const live = async (days: number) => {
    for (let i = 0; i < days; i++) {
      const replicas = [1, 2].map(
        () => new KeepAlive({ store, grants, clock, maxIdleMs: afterMs, onChecked: () => undefined }),
      );
      for (const it of replicas) it.start();
      await clock.advance(3 * minute);
      for (const it of replicas) it.stop();
      await clock.advance(day - 3 * minute);
    }
  };
  return { clock, portals, refreshed, issue, live };
}

describe('idle grants', () => {
  it('are refreshed well before 180 days, each once, by one replica at a time', async () => {
    const { clock, portals, refreshed, live } = await world(20);
    await clock.advance(80 * day);
    await live(1);
    expect(refreshed).toEqual([]);
    await live(11);
    expect(refreshed.map(({ portal }) => portal).sort()).toEqual([...portals].sort());
  });

  it('that began on one day are spread over nine days', async () => {
    const { clock, refreshed, live } = await world(18);
    await clock.advance(80 * day);
    await live(12);
    const days = refreshed.map(({ atMs }) => Math.floor(atMs / day));
    expect(new Set(days).size).toBeGreaterThanOrEqual(9);
  });

  it('that cannot be refreshed are retried after growing delays, and delay no others', async () => {
    const { clock, portals, refreshed, issue, live } = await world(3);
    const [dead = idOf(0, 1), ...others] = portals;
    issue.set(dead, 'portal_payment_required');
    await clock.advance(91 * day);
    await live(20);
    const tries = refreshed.filter(({ portal }) => portal === dead).map(({ atMs }) => Math.round(atMs / day));
    const rests = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
    expect(tries.length).toBeGreaterThan(3);
    expect(rests[0]).toBeLessThan(3);
    // At most three days, plus the time until the next round.
    for (const rest of rests.slice(1)) expect([3, 4]).toContain(rest);
    for (const other of others) expect(refreshed.filter(({ portal }) => portal === other)).toHaveLength(1);
  });

  it('are left alone while the authorization server fails: one refresh is tried, not all', async () => {
    const { clock, portals, refreshed, issue, live } = await world(10);
    for (const portal of portals) issue.set(portal, 'authorization_server_error');
    await clock.advance(100 * day);
    await live(1);
    // One round a minute, one refresh in each.
    expect(refreshed.length).toBeLessThanOrEqual(3);
    expect(refreshed.length).toBeGreaterThan(0);
  });
});
