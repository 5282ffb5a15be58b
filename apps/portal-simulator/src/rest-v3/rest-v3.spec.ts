import { Bitrix24Simulator, type PortalOptions, SimulatorClock, type SimulatedPortal } from '../index';
import { type SpecAnswer, answerOf } from '../spec-client';

const json = 'application/json';
const code = (name: string) => `BITRIX_REST_V3_EXCEPTION_${name}EXCEPTION`;
const task = { title: 'Report', creatorId: 1, responsibleId: 6 };

describe('REST 3 of a simulated portal', () => {
  let clock: SimulatorClock;
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;
  let token: string;

  const open = async (options: PortalOptions = {}) => {
    portal = await simulator.addPortal({ burst: 1000, ...options });
    token = portal.grantTokens().access_token;
  };

  beforeEach(async () => {
    clock = SimulatorClock.frozen();
    simulator = await Bitrix24Simulator.start({ clock, scope: ['task', 'main'] });
    await open();
  });

  afterEach(() => simulator.stop());

  function request(method: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
    const authorization = `Bearer ${token}`;
    const init = { method: 'POST', headers: { 'content-type': json, authorization, ...headers }, body };
    return fetch(`${portal.endpoint}api/${method}`, init);
  }

  const call = (method: string, params: unknown, headers?: Record<string, string>): Promise<SpecAnswer> =>
    answerOf(request(method, JSON.stringify(params), headers));

  it('takes a bearer token, a token in the body, and a webhook', async () => {
    const id = portal.v3.addTask(task);
    const item = { id, title: 'Report', status: 'pending' };
    expect((await call('tasks.task.get', { id })).body.result.item).toMatchObject(item);
    const inBody = await call('Tasks.Task.Get', { id, auth: token }, { authorization: '' });
    expect(inBody).toMatchObject({ status: 200, body: { result: { item }, time: { operating: 0 } } });
    const hook = portal.webhookUrl().replace('/rest/', '/rest/api/');
    const init = { method: 'POST', headers: { 'content-type': json }, body: `{"id":${id}}` };
    expect((await answerOf(fetch(`${hook}tasks.task.get`, init))).body.result.item).toMatchObject(item);
    expect(portal.requests.map((log) => [log.version, log.authVia, log.received])).toEqual([
      [3, 'bearer', `{"id":${id}}`],
      [3, 'body', `{"id":${id}}`],
      [3, 'webhook', `{"id":${id}}`],
    ]);
  });

  it('keeps numbers and order, and reads nothing from the query', async () => {
    const text = '{"30":9007199254740993,"5":1.10}';
    expect(await (await request('lab.echo?a=1', text)).text()).toMatch(`{"result":${text},"time":`);
  });

  it.each([
    ['a form', 'id=1', 'application/x-www-form-urlencoded'],
    ['broken JSON', '{"id":1', json],
  ])('refuses %s', async (_, body, type) => {
    const answer = await answerOf(request('tasks.task.get', body, { 'content-type': type }));
    expect(answer).toMatchObject({ status: 400, body: { error: { code: code('INVALIDJSON') } } });
  });

  it('says what a request lacks, field by field', async () => {
    const { status, body } = await call('tasks.task.add', { fields: { title: 'x' } });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({
      code: code('VALIDATION_REQUESTVALIDATION'),
      validation: [{ field: 'creatorId' }, { field: 'responsibleId' }],
    });
    expect((await call('tasks.task.get', { id: '1' })).body.error.validation).toMatchObject([{ field: 'id' }]);
    expect((await call('tasks.task.get', { id: 1 })).body.error.code).toBe(code('ENTITYNOTFOUND'));
    expect(await call('no.such', {})).toMatchObject({ status: 404, body: { error: { code: code('METHODNOTFOUND') } } });
    expect(await call('tasks.task.get', {}, { authorization: 'Bearer x' })).toMatchObject({
      status: 401,
      body: { error: { code: 'invalid_token' } },
    });
    portal.quirks.flatV3Errors = true;
    expect((await call('tasks.task.get', {}, { authorization: 'Bearer x' })).body.error).toBe('invalid_token');
  });

  it('checks the scope and the rights of the user', async () => {
    await open({ administrators: [] });
    expect(await call('main.eventlog.list', {})).toMatchObject({
      status: 403,
      body: { error: { code: code('ACCESSDENIED') } },
    });
    const hook = portal.webhookUrl(1, ['user']).replace('/rest/', '/rest/api/');
    expect(await answerOf(fetch(`${hook}tasks.task.get`))).toMatchObject({
      status: 403,
      body: { error: { code: code('INSUFFICIENTSCOPE') } },
    });
  });

  it('selects fields, and those of related objects', async () => {
    const id = portal.v3.addTask(task);
    const select = ['id', 'stageId', 'responsible.name', 'responsible.email'];
    const { body } = await call('tasks.task.get', { id, select });
    expect(body.result.item).toEqual({ id, responsible: { name: 'User 6', email: 'user6@example.com' } });
    const unknown = await call('tasks.task.get', { id, select: ['responsible.stageId'] });
    expect(unknown.body.error).toEqual({
      code: code('UNKNOWNDTOPROPERTY'),
      message: 'Unknown field `stageId` for entity `UserDto`',
    });
  });

  it('filters, orders and pages lists', async () => {
    portal.v3.addEvents(120);
    const ids = async (params: object) => {
      const { body } = await call('main.eventlog.list', { select: ['id'], ...params });
      return (body.result.items as { id: number }[]).map(({ id }) => id);
    };
    expect(await ids({})).toHaveLength(50);
    expect(await ids({ pagination: { page: 3, limit: 50 } })).toHaveLength(20);
    expect(await ids({ pagination: { offset: 118 } })).toEqual([119, 120]);
    const or = {
      logic: 'or',
      conditions: [
        ['id', [2, 3]],
        ['id', '>=', 119],
      ],
    };
    expect(await ids({ filter: [['severity', 'SECURITY'], or], order: { id: 'DESC' } })).toEqual([120, 119, 3, 2]);
    expect(await ids({ filter: [['id', 'between', [5, 7]]] })).toEqual([5, 6, 7]);
    const refusal = async (params: object) => (await call('main.eventlog.list', params)).body.error.code;
    expect(await refusal({ filter: [['x', 1]] })).toBe(code('UNKNOWNDTOPROPERTY'));
    expect(await refusal({ filter: [['id', '~', 1]] })).toBe(code('UNKNOWNFILTEROPERATOR'));
    expect(await refusal({ pagination: { limit: 'abc' } })).toBe(code('INVALIDPAGINATION'));
  });

  describe('a write with an idempotency key', () => {
    const key = { 'idempotency-key': 'k-1' };

    it('is replayed for 24 hours and says so', async () => {
      const first = await request('tasks.task.add', JSON.stringify({ fields: task }), key);
      const second = await request('tasks.task.add', JSON.stringify({ fields: task }), key);
      const seen = [first, second].map(({ headers }) =>
        ['idempotency-key', 'idempotent-replayed'].map((it) => headers.get(it)),
      );
      expect(seen).toEqual([
        ['k-1', null],
        ['k-1', 'true'],
      ]);
      expect(await second.text()).toBe(await first.text());
      expect(portal.v3.tasks.size).toBe(1);
      clock.advance(24 * 3_600_000);
      token = portal.grantTokens().access_token;
      await call('tasks.task.add', { fields: task }, key);
      expect(portal.v3.tasks.size).toBe(2);
    });

    it('is refused with another body, or with a key that is none', async () => {
      await call('tasks.task.add', { fields: task }, key);
      const other = await call('tasks.task.add', { fields: task, auth: token }, key);
      expect(other).toMatchObject({ status: 422, body: { error: { code: code('IDEMPOTENCYKEYREUSED') } } });
      const long = await call('tasks.task.add', { fields: task }, { 'idempotency-key': 'x'.repeat(256) });
      expect(long).toMatchObject({ status: 400, body: { error: { code: code('INVALIDIDEMPOTENCYKEY') } } });
    });

    it('is not stored when it was refused, nor for another method or webhook', async () => {
      expect((await call('tasks.task.add', { fields: {} }, key)).status).toBe(400);
      expect((await call('tasks.task.add', { fields: task }, key)).status).toBe(200);
      expect((await call('tasks.task.update', { id: 1, fields: { title: 'y' } }, key)).body.result).toEqual({
        result: true,
      });
      const hook = portal.webhookUrl().replace('/rest/', '/rest/api/');
      const init = {
        method: 'POST',
        headers: { 'content-type': json, ...key },
        body: JSON.stringify({ fields: task }),
      };
      expect((await answerOf(fetch(`${hook}tasks.task.add`, init))).body.result.item.id).toBe(2);
    });
  });

  it('runs a list of commands as a batch, all or nothing', async () => {
    const add = { method: 'tasks.task.add', query: { fields: task } };
    const { body } = await call('batch', [add, { method: 'tasks.task.get', query: { id: 1, select: ['id'] } }]);
    expect(body.result).toMatchObject([{ item: { title: 'Report' } }, { item: { id: 1 } }]);
    expect(portal.requests.map((log) => log.batchOf)).toEqual([undefined, 1, 1]);
    const failed = await call('batch', [add, { method: 'tasks.task.get', query: { id: 99 } }]);
    expect(failed).toMatchObject({ status: 400, body: { error: { code: code('ENTITYNOTFOUND') } } });
    expect(portal.v3.tasks.size).toBe(1);
    expect((await call('batch', { cmd: { a: 'tasks.task.get' } })).body.error.code).toBe(code('INVALIDSELECT'));
  });

  it('documents itself without an envelope', async () => {
    const hook = portal.webhookUrl().replace('/rest/', '/rest/api/');
    const { body } = await answerOf(fetch(`${hook}rest.documentation.openapi`));
    expect(Object.keys(body)).toEqual(['openapi', 'info', 'tags', 'paths', 'components']);
    expect(Object.keys(body.paths)).toContain('/tasks.task.get');
  });

  it('meets the rate limit, injected faults and scripted answers as the other version does', async () => {
    portal.faults.next('cut-after', { method: 'tasks.task.add' });
    await expect(call('tasks.task.add', { fields: task })).rejects.toThrow();
    expect(portal.v3.tasks.size).toBe(1);
    portal.faults.next('ACCESS_DENIED', { method: 'tasks.task.get', status: 403 });
    expect(await call('tasks.task.get', { id: 1 })).toMatchObject({
      status: 403,
      body: { error: { code: 'ACCESS_DENIED' } },
    });
    portal.scripts.set('x.get', { text: '{"result":1.10}' });
    expect(await (await request('x.get', '{}')).text()).toBe('{"result":1.10}');
    portal.bucket.settings.burst = 1;
    expect((await call('tasks.task.get', { id: 1 })).status).toBe(503);
  });
});
