import { webhookCommand } from './webhook-call';

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
    'batch?cmd[x]=crm.deal.delete',
    'download',
    'UPLOAD?x',
    'crm.deal.get.json',
    '//h/crm.deal.get',
    ' user.get',
    '',
  ])('is none with the command %j', (text) => {
    expect(webhookCommand('batch', { cmd: { a: get, b: text } })).toBeUndefined();
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
