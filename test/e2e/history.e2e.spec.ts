import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { HttpClient, World } from '../support/gateway';

interface UsageItem {
  readonly clientName: string;
  readonly method: string;
  readonly calls: number;
  readonly failed: number;
  readonly requests: number;
}

describe('the history of a portal', () => {
  let world: World;
  let admin: HttpClient;
  let acme: SimulatedPortal;
  let globex: SimulatedPortal;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'user'] });
    admin = await world.gateway();
    [acme, globex] = [await world.installed(admin), await world.installed(admin)];
  });
  afterAll(() => world.stop());

  const keyOf = async (more: object) => {
    const { body } = await admin.call('POST', '/v1/clients', { name: 'planning', scopes: ['call'], ...more });
    return body.key as string;
  };
  const at = (portal: SimulatedPortal, what: string) => `/v1/portals/${portal.memberId}/${what}`;
  /** A replica writes what it counted when it stops. */
  const restarted = async () => {
    await world.closeGateways();
    admin = await world.gateway();
  };

  it('has calls, failures by code, times and requests used, and who used them, over a restart', async () => {
    const planning = new HttpClient(admin.url, await keyOf({ name: 'planning' }));
    for (let i = 0; i < 3; i++) await planning.call('POST', at(acme, 'call/user.get'), {});
    await planning.call('POST', at(acme, 'call/no.such.method'), {});
    await restarted();
    const reports = new HttpClient(admin.url, await keyOf({ name: 'reports' }));
    await reports.call('POST', at(acme, 'call/user.get'), {});
    await restarted();

    for (const step of ['minute', 'hour']) {
      const { body, status } = await admin.get(at(acme, `history?step=${step}`));
      expect([status, body.step]).toEqual([200, step]);
      const points = body.points as {
        calls: number;
        failed: number;
        codes: Record<string, number>;
        requests: number;
      }[];
      const sum = (of: (point: (typeof points)[number]) => number) => points.reduce((total, it) => total + of(it), 0);
      expect(sum((it) => it.failed)).toBe(1);
      expect(sum((it) => it.codes['method_not_found'] ?? 0)).toBe(1);
      // The gateway's own calls count, too.
      expect(sum((it) => it.calls)).toBeGreaterThanOrEqual(5);
      expect(sum((it) => it.requests)).toBeGreaterThan(0);

      const usage = await admin.get(at(acme, `usage?step=${step}`));
      const items = (usage.body.items as UsageItem[]).filter(({ method }) => method === 'user.get');
      expect(items.map(({ clientName, calls, failed }) => [clientName, calls, failed]).sort()).toEqual([
        ['planning', 3, 0],
        ['reports', 1, 0],
      ]);
    }
    const { body: quiet } = await admin.get(at(globex, 'usage'));
    expect((quiet.items as UsageItem[]).filter(({ method }) => method === 'user.get')).toEqual([]);
  });

  it('is for keys that may read calls, of portals that they may use', async () => {
    const get = async (more: object, path: string) => new HttpClient(admin.url, await keyOf(more)).get(path);
    const reader = { scopes: ['calls:read'], portals: [globex.memberId] };
    expect((await get(reader, at(globex, 'history'))).status).toBe(200);
    expect((await get(reader, at(acme, 'history'))).body.code).toBe('portal_not_found');
    expect((await get(reader, at(acme, 'usage'))).body.code).toBe('portal_not_found');
    expect((await get({}, at(globex, 'usage'))).body.code).toBe('not_allowed');
  });

  it.each([
    ['step=day', 'step'],
    ['since=yesterday', 'since'],
    ['since=2999-01-01T00:00:00Z', 'since'],
    ['since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', 'since'],
  ])('refuses %s', async (query, path) => {
    const { status, body } = await admin.get(at(globex, `history?${query}`));
    expect([status, body.code, body.errors]).toMatchObject([400, 'invalid_request', [{ path }]]);
  });

  it('reads no more than is stored, whatever span is given', async () => {
    const { body } = await admin.get(at(globex, 'history?step=minute&since=1970-01-01T00:00:00Z'));
    expect(Date.parse(body.until as string) - Date.parse(body.since as string)).toBeLessThanOrEqual(86_400_001);
  });
});
