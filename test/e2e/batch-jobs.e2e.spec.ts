import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, eventually, World } from '../support/gateway';

const env = { B24_BURST: '1000', B24_DRAIN_PER_SECOND: '100' };
const later = { Prefer: 'respond-async' };
const add = 'tasks.api.scrum.backlog.add';
const adding = (groupId: number) => ({ method: add, params: { fields: { groupId, createdBy: 6 } } });
const reading = (id: number) => ({ method: 'tasks.api.scrum.backlog.get', params: { id } });

interface Part {
  readonly from: number;
  readonly results: readonly { ok: boolean; result?: { id: number; groupId: number }; problem?: { code: string } }[];
}

describe('a batch that goes on as a job', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  const groups = Array.from({ length: 120 }, (_, i) => i + 1);
  const order = (body: object, headers: Record<string, string> = {}) =>
    client.call('POST', `/v1/portals/${portal.memberId}/batch`, body, { ...later, ...headers });
  const isOver = async (id: string) => {
    const at = `/v1/jobs/${id}`;
    await eventually(async () => !['queued', 'running'].includes((await client.get(at)).body.state as string));
    const { body } = await client.get<string>(`${at}/results`);
    const parts = body.split('\n').flatMap((line) => (line ? [JSON.parse(line) as Part] : []));
    return { job: (await client.get(at)).body, parts, all: parts.flatMap(({ results }) => results) };
  };
  const added = () => portal.requests.filter((it) => it.method === add && it.executed);

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway(env);
  }, 60_000);
  beforeEach(async () => {
    portal = await world.installed(client, { burst: 1000, drainPerSecond: 100, groups });
    portal.requests.length = 0;
  });
  afterAll(() => world.stop());

  it('comes to every command’s own answer, in parts and in their order, each sent once', async () => {
    const accepted = await order({ commands: groups.map(adding) });
    expect(accepted).toMatchObject({ status: 202, body: { kind: 'batch', progress: { total: 3 } } });
    expect(accepted.headers.get('location')).toBe(`/v1/jobs/${accepted.body.id}`);
    const { job, parts, all } = await isOver(accepted.body.id as string);
    expect(job).toMatchObject({ state: 'done', progress: { total: 3, done: 3, failed: 0 } });
    expect(parts.map(({ from }) => from)).toEqual([0, 50, 100]);
    expect(all.map(({ result }) => result?.groupId)).toEqual(groups);
    expect(added().map(({ params }) => Number((params['fields'] as { groupId: string }).groupId))).toEqual(groups);
  });

  it('is the same job for a retry with its Idempotency-Key, and writes once', async () => {
    const keyed = { 'Idempotency-Key': 'a-batch' };
    const first = await order({ commands: [adding(7)] }, keyed);
    await isOver(first.body.id as string);
    const second = await order({ commands: [adding(7)] }, keyed);
    expect([second.status, second.body.id, second.body.state]).toEqual([202, first.body.id, 'done']);
    expect(added()).toHaveLength(1);
  });

  it('sends nothing behind what may still run, and says so of the rest', async () => {
    portal.faults.next('cut-after', { method: 'batch' });
    const { body } = await order({ commands: groups.map(adding) });
    const { all } = await isOver(body.id as string);
    const codes = all.map(({ problem }) => problem?.code);
    expect(new Set(codes.slice(0, 50))).toEqual(new Set(['outcome_unknown']));
    expect(new Set(codes.slice(50))).toEqual(new Set(['command_not_run']));
    expect(added().length).toBeLessThanOrEqual(50);
  });

  it('sends nothing behind a part that the portal did not take', async () => {
    portal.faults.next('METHOD_CONFIRM_WAITING', { method: 'batch', level: 'request', times: 20 });
    const { body } = await order({ commands: groups.map(adding) });
    const { all } = await isOver(body.id as string);
    const codes = all.map(({ problem }) => problem?.code);
    expect(new Set(codes.slice(0, 50))).toEqual(new Set(['access_denied']));
    expect(new Set(codes.slice(50))).toEqual(new Set(['command_not_run']));
    expect(added()).toEqual([]);
  });

  it('stops at the first refusal when told to, also in a later part', async () => {
    const commands = groups.map((id) => (id === 60 ? adding(9999) : adding(id)));
    const { body } = await order({ commands, halt: true });
    const { all } = await isOver(body.id as string);
    expect(all.findIndex(({ ok }) => !ok)).toBe(59);
    expect(new Set(all.slice(60).map(({ problem }) => problem?.code))).toEqual(new Set(['command_not_run']));
    expect(added()).toHaveLength(59);
  });

  it('refuses at once what could not be sent, and needs a job for a callback', async () => {
    const wrong = await order({ commands: [reading(1), { ...reading(2), name: 'two' }], references: true });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid_request']);
    const now = { commands: [reading(1)], callbackUrl: 'http://127.0.0.1:1/' };
    const reply = await client.call('POST', `/v1/portals/${portal.memberId}/batch`, now);
    expect([reply.status, reply.body.errors]).toMatchObject([400, [{ path: 'callbackUrl' }]]);
  });
});
