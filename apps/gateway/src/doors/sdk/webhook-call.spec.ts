import { orderedObject, readJson, writeJson } from '@b24/portal';
import { webhookCall } from './webhook-call';

const webhookCommand = (method: string, given: Record<string, unknown>) => webhookCall(method, given)?.command;

const get = 'crm.deal.get?id=1';

describe('a batch of an SDK', () => {
  it.each([
    ['cmd', { cmd: { a: get } }],
    ['CMD', { CMD: { a: get } }],
    ['Cmd', { Cmd: { a: get }, HALT: '1', halt: '0' }],
    ['the last of two spellings', { cmd: { b: 'crm.deal.delete?id=1' }, CMD: { a: get } }],
    ['commands that are text', { cmd: { a: get, b: 7, c: null, d: ['crm.deal.delete'], e: { f: 'crm.deal.delete' } } }],
    ['nothing beside cmd and halt', { cmd: { a: get }, auth: 'x', start: 5, filter: { ID: 1 } }],
  ])('is parsed as the vendor parses it, and sent as it was parsed: %s', (_, params) => {
    const command = webhookCommand('BATCH', params);
    expect(command).toMatchObject({ method: 'batch', inside: [{ name: 'a', method: 'crm.deal.get' }], effect: 'read' });
    expect({ halt: undefined, ...command?.params }).toEqual({
      halt: 'HALT' in params ? '0' : undefined,
      cmd: { a: get },
    });
  });

  it.each([{}, { cmd: {} }, { cmd: 'crm.deal.get' }, { CMD: [] }, { cmd: { a: 1 } }, { cmd: { a: get }, CMD: '' }])(
    'without a command is refused: %j',
    (params) => {
      expect(() => webhookCommand('batch', params)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
    },
  );

  it.each([
    ['batch?cmd[x]=crm.deal.delete', 'ERROR_BATCH_METHOD_NOT_ALLOWED'],
    ['download', 'ERROR_BATCH_METHOD_NOT_ALLOWED'],
    ['UPLOAD?x', 'ERROR_BATCH_METHOD_NOT_ALLOWED'],
    ['crm.deal.get.json', 'ERROR_METHOD_NOT_FOUND'],
    ['//h/crm.deal.get', 'ERROR_METHOD_NOT_FOUND'],
    [' user.get', 'ERROR_METHOD_NOT_FOUND'],
    ['', 'ERROR_METHOD_NOT_FOUND'],
  ])('is sent without the command %j, which alone is refused', (text, error) => {
    const call = webhookCall('batch', { cmd: { a: get, b: text, c: get } });
    expect(call?.command.inside?.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(call?.command.params['cmd']).toEqual({ a: get, c: get });
    expect(call?.refused).toMatchObject([{ name: 'b', error: { error } }]);
  });

  it('ends at a command without a method where it halts', () => {
    for (const halt of [1, '1', true, 'false']) {
      const call = webhookCall('batch', { halt, cmd: { a: get, b: '', c: get } });
      expect(call?.command.params['cmd']).toEqual({ a: get });
      expect(call?.refused).toHaveLength(1);
    }
    for (const halt of [0, '0', false, '', null, [], {}, ...(readJson('[0.0]') as unknown[])])
      expect(webhookCall('batch', { halt, cmd: { a: get, b: '', c: get } })?.command.inside).toHaveLength(2);
  });

  it('runs its commands in the order of the caller', () => {
    const cmd = orderedObject(['30', '5', '77'].map((name) => [name, get]));
    const { command } = webhookCall('batch', { cmd }) ?? {};
    expect(command?.inside?.map(({ name }) => name)).toEqual(['30', '5', '77']);
    expect(writeJson(command?.params)).toBe(`{"cmd":{"30":"${get}","5":"${get}","77":"${get}"}}`);
  });
});

describe('a long batch of an SDK', () => {
  const commands = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`c${i}`, get]));

  it('is passed on to the vendor, who runs the first 50, unless it has more than 500 commands', () => {
    expect(webhookCommand('batch', { cmd: commands(500) })?.inside).toHaveLength(500);
    for (const n of [501, 200_000])
      expect(() => webhookCommand('batch', { cmd: commands(n) })).toThrow(
        expect.objectContaining({ code: 'invalid_request' }),
      );
  });
});

describe('a call of an SDK', () => {
  it('is sent without the parameters that the gateway sets itself, in any case', () => {
    const given = { id: 1, auth: 'x', AUTH: 'x', Access_Token: 'x', bx24_sdk_ver: '1' };
    expect(webhookCommand('crm.deal.get', given)).toEqual({
      method: 'crm.deal.get',
      params: { id: 1 },
      effect: 'read',
    });
  });

  it.each(['download', 'upload', 'crm.deal.get.xml', 'batch.xml', 'crm.deal.get.json', 'a/b', ''])(
    'is none of %j',
    (name) => {
      expect(webhookCommand(name, { cmd: { a: get } })).toBeUndefined();
    },
  );
});
