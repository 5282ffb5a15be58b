import type { Client as CallerKey } from '@b24/access';
import { type Command, type Fault, portalId } from '@b24/portal';
import { RequestLine } from '../../apps/gateway/src/request-line';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, eventually, World } from '../support/gateway';

const smallBurst = { B24_BURST: '5', B24_DRAIN_PER_SECOND: '2' };
const groups = Array.from({ length: 400 }, (_, i) => 1000 + i);
const method = 'tasks.api.scrum.backlog.get';

describe('a portal queue against a simulated portal', () => {
  let world: World;
  let client: HttpClient;
  let line: RequestLine;
  let portal: SimulatedPortal;

  const backlogOf = (group: number, by = client) => by.get(`/v1/portals/${portal.memberId}/groups/${group}/backlog`);
  const key = (id: string): CallerKey => ({ id, name: id, scopes: ['call'], portals: 'all', createdAtMs: 0 });
  /** Calls any method. */
  const call = (command: Command, by = 'someone') =>
    line
      .call({ client: key(by), signal: AbortSignal.timeout(20_000) }, 'call', portalId(portal.memberId), command)
      .then(
        ({ value }) => value,
        (fault: unknown) => (fault as Fault).code,
      );

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway(smallBurst);
    line = world.newest.app.get(RequestLine);
  });
  beforeEach(async () => {
    portal = await world.installed(client, {
      groups,
      backlogs: groups.map((groupId, i) => ({ id: i + 1, groupId, createdBy: 1, modifiedBy: 1 })),
    });
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('never shows one caller another’s answer, whatever its parameters refer to', async () => {
    const references = ['$result', '$result[c0]', '$RESULT[x][0]', '$resultX[a]', '$next[a]', '$total[', '$error[a]'];
    const victims = groups.slice(0, 40).map((group) => backlogOf(group));
    const attacks = references.map((text) =>
      call(
        { method: 'tasks.api.scrum.epic.add', params: { fields: { name: text, groupId: 1000 } }, effect: 'write' },
        'evil',
      ),
    );
    const stored = (await Promise.all(attacks)) as { name?: string }[];
    expect(stored.map((epic) => epic.name)).toEqual(references);
    expect((await Promise.all(victims)).map(({ status }) => status)).toEqual(victims.map(() => 200));
    for (const { method: name, batchOf } of portal.requests) {
      if (name === 'tasks.api.scrum.epic.add') expect(batchOf).toBeUndefined();
    }
  });

  it('answers another client within two requests while hundreds of calls of one wait', async () => {
    const greedy = groups.map((group) =>
      call({ method, params: { id: group }, effect: 'read', entity: { family: 'backlog', ids: { group } } }, 'greedy'),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    const requestsBefore = portal.requests.filter(({ batchOf }) => batchOf === undefined).length;
    await call({ method: 'tasks.api.scrum.backlog.getFields', params: {}, effect: 'read' }, 'modest');
    const requests = portal.requests.filter(({ batchOf }) => batchOf === undefined).length - requestsBefore;
    expect(requests).toBeLessThanOrEqual(2);
    await Promise.all(greedy);
  });

  it.each(['nested', 'batch'] as const)(
    'keeps a method below the vendor’s operating limit when batches are billed as %s, while others go on',
    async (mode) => {
      portal.operating.mode = mode;
      portal.operating.setCost(method, 30);
      const outcomes: (string | undefined)[] = [];
      for (let i = 0; i < 20; i++) {
        const replies = await Promise.all([backlogOf(1000 + 2 * i), backlogOf(1001 + 2 * i)]);
        outcomes.push(...replies.map(({ body }) => body.code as string | undefined));
      }
      expect(new Set(outcomes)).toEqual(new Set([undefined, 'operating_time_spent']));
      expect(portal.requests.filter(({ outcome }) => outcome === 'OPERATION_TIME_LIMIT')).toEqual([]);
      const { headers } = await backlogOf(1399);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(60);
      expect((await client.get(`/v1/portals/${portal.memberId}/backlogs/fields`)).status).toBe(200);
      const { body } = await client.get(`/v1/portals/${portal.memberId}`);
      expect(body.operating).toContainEqual(expect.objectContaining({ method }));
    },
    40_000,
  );

  it('stops calling a portal that Bitrix24 has blocked by hand, and reports it to callers and operator', async () => {
    portal.faults.next('OVERLOAD_LIMIT', { times: Infinity });
    expect((await backlogOf(1000)).body.code).toBe('portal_overloaded');
    const again = await backlogOf(1001);
    expect([again.status, again.body.code]).toEqual([503, 'portal_overloaded']);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(200);
    // The gateway's own probe was refused too, and nothing was sent after it.
    expect(portal.requests.map(({ method: name }) => name)).toEqual([method, 'profile']);
    const view = await client.get(`/v1/portals/${portal.memberId}`);
    expect(view.body.queue).toMatchObject({ circuit: 'open' });
    expect(
      world.logLines.some((it) => it.includes('blocked calls to this portal') && it.includes(portal.memberId)),
    ).toBe(true);
    const metrics = await client.get<string>('/metrics');
    expect(metrics.body).toContain(`b24_circuit_open{portal="${portal.memberId}"} 1`);
  });

  it('rejects calls to a portal that is down at once, and detects its recovery', async () => {
    // The last of them is met by the gateway's own probe.
    portal.faults.next('html', { times: 6 });
    for (let i = 0; i < 5; i++) await backlogOf(1000 + i);
    await eventually(async () => (await client.get(`/v1/portals/${portal.memberId}`)).body.queue.circuit === 'open');
    const asked = portal.requests.length;
    const down = await backlogOf(1010);
    expect([down.status, down.body.code, portal.requests.length]).toEqual([502, 'portal_unreachable', asked]);
    await new Promise((resolve) => setTimeout(resolve, 5100));
    expect((await backlogOf(1011)).status).toBe(200);
  });
});
