import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient } from './spec-client';

const backlog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };
const prefix = 'tasks.api.scrum.backlog';

describe('A batch on a simulated portal', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let client: SpecClient;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal({ backlogs: [backlog], groups: [125, 126, 127] });
    client = new SpecClient(portal);
  });

  afterEach(() => simulator.stop());

  it('reads its commands as PHP reads URLs and answers by key', async () => {
    const { body } = await client.batch({
      one: `${prefix}.get?id=125`,
      two: `${prefix}.add?fields%5BgroupId%5D=126&fields[createdBy]=6`,
    });
    expect(body.result.result).toEqual({ one: backlog, two: { id: 2, groupId: 126, createdBy: 6, modifiedBy: 0 } });
    expect(body.result).toMatchObject({ result_error: [], result_next: [], result_total: [] });
    expect(portal.requests.map((log) => log.batchOf)).toEqual([undefined, 1, 1]);
  });

  it('makes lists of numeric keys and of empty maps', async () => {
    const { body } = await client.batch(['scope', 'profile']);
    expect(Array.isArray(body.result.result)).toBe(true);
    expect((await client.batch({})).body.result.result).toEqual([]);
  });

  it('skips what is not a string, refuses what may not be inside, and what is beyond fifty', async () => {
    const { body } = await client.batch({ a: 7, b: 'batch', c: 'download', d: 'no.such' });
    expect(body.result.result).toEqual([]);
    expect(body.result.result_error).toMatchObject({
      b: { error: 'ERROR_BATCH_METHOD_NOT_ALLOWED' },
      c: { error: 'ERROR_BATCH_METHOD_NOT_ALLOWED' },
      d: { error: 'ERROR_METHOD_NOT_FOUND' },
    });
    const many = Object.fromEntries(Array.from({ length: 52 }, (_, n) => [`c${n}`, 'scope']));
    const long = await client.batch(many);
    expect(Object.keys(long.body.result.result)).toHaveLength(50);
    expect(long.body.result.result_error.c51.error).toBe('ERROR_BATCH_LENGTH_EXCEEDED');
  });

  it('stops at the first refusal when halt is true, and leaves the rest in neither map', async () => {
    const commands = { a: `${prefix}.get?id=999`, b: 'scope' };
    const halted = (await client.batch(commands, 1)).body.result;
    expect(halted.result).toEqual([]);
    expect(halted.result_error).not.toHaveProperty('b');
    expect((await client.batch(commands, '0')).body.result.result).toHaveProperty('b');
  });

  it('refuses an item out of scope without words', async () => {
    const local = await Bitrix24Simulator.start({ scope: ['user'] });
    const { body } = await new SpecClient(await local.addPortal()).batch({ a: `${prefix}.getFields` });
    expect(body.result.result_error.a).toEqual({ error: 'insufficient_scope', error_description: '' });
    await local.stop();
  });

  it('replaces references in any case, and yields everything for an unknown key', async () => {
    const { body } = await client.batch({
      a: `${prefix}.get?id=125`,
      b: `${prefix}.get?id=$result[a][groupId]`,
      c: `${prefix}.get?id=$RESULTx[a][groupId]`,
      d: 'tasks.api.scrum.epic.add?fields[groupId]=125&fields[name]=x%20$result[nobody][id]',
    });
    expect(body.result.result.b).toEqual(backlog);
    expect(body.result.result.c).toEqual(backlog);
    expect(body.result.result.d.name).toContain('"createdBy":6');
  });

  it('shows later commands the state an entity had when the first of them looked', async () => {
    const { body } = await client.batch({
      a: `${prefix}.get?id=125`,
      b: `${prefix}.update?id=1&fields[createdBy]=1`,
      c: `${prefix}.get?id=125`,
    });
    expect(body.result.result.c.createdBy).toBe(6);
    expect((await client.call(`${prefix}.get`, { id: 125 })).body.result.createdBy).toBe(1);
  });

  it.each(['CMD', 'Cmd', 'cMd'])(
    'runs what stands under %s, as the vendor folds the names of its parameters',
    async (name) => {
      const { body } = await client.call('batch', { [name]: { a: `${prefix}.get?id=125` } });
      expect(body.result.result.a).toEqual(backlog);
      const both = { cmd: { a: 'no.such' }, [name]: { b: `${prefix}.get?id=125` }, HALT: 1 };
      expect((await client.call('batch', both)).body.result).toMatchObject({
        result: { b: backlog },
        result_error: [],
      });
    },
  );

  it('fails as a whole with an ordinary error body', async () => {
    portal.expireAccessTokens();
    expect(await client.batch({ a: 'scope' })).toMatchObject({ status: 401, body: { error: 'expired_token' } });
  });

  it('can be struck in one item, in the whole request, or cut short', async () => {
    portal.faults.next('error-"0"', { method: 'scope', description: 'No' });
    expect((await client.batch({ a: 'scope', b: 'scope' })).body.result).toMatchObject({
      result_error: { a: { error: '0', error_description: 'No' } },
      result: { b: ['task', 'user', 'sonet_group', 'socialnetwork'] },
    });
    portal.faults.next('OVERLOAD_LIMIT', { method: 'scope', level: 'request' });
    expect((await client.batch({ a: 'scope' })).status).toBe(503);
    portal.faults.next('unrun', { ranOnly: 1 });
    expect(Object.keys((await client.batch({ a: 'scope', b: 'scope' })).body.result.result)).toEqual(['a']);
  });
});
