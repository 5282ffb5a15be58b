import { gzipSync } from 'node:zlib';
import { Bitrix24Simulator, type SimulatedPortal } from './index';
import { SpecClient, answerOf } from './spec-client';

const form = 'application/x-www-form-urlencoded';

describe('A request that a portal reads', () => {
  let simulator: Bitrix24Simulator;
  let portal: SimulatedPortal;

  beforeEach(async () => {
    simulator = await Bitrix24Simulator.start();
    portal = await simulator.addPortal({ burst: 1000 });
  });

  afterEach(() => simulator.stop());

  async function echoed(body: string | Buffer, contentType?: string, query = ''): Promise<string> {
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    const response = await fetch(`${portal.webhookUrl()}lab.echo${query}`, { method: 'POST', headers, body });
    const text = await response.text();
    return /^\{"result":(.*),"time":\{[^}]*\}\}$/.exec(text)?.[1] ?? text;
  }

  it('keeps the order of names and the digits of numbers, alone and in a batch', async () => {
    const text = '{"30":9007199254740993,"5":1.10,"price":[123456789012345678901234567890,-0,1E2],"__proto__":{}}';
    const exact = text.replace('{}}', '[]}');
    expect(await echoed(text, 'application/json')).toBe(exact);
    expect(portal.requests.at(-1)).toMatchObject({ received: exact, httpMethod: 'POST', bodyBytes: text.length });
    await echoed('{"a":1}', 'application/json; charset=utf-8');
    expect(portal.requests.at(-1)).toMatchObject({ contentType: 'application/json; charset=utf-8' });
    const batch = '{"CMD":{"30":"lab.echo?b[7]=x&b[2]=y","5":"lab.echo?a=$result[30][b]"}}';
    const { body } = await new SpecClient(portal).send(`batch?auth=${portal.grantTokens().access_token}`, batch);
    expect(Object.keys(body.result.result)).toHaveLength(2);
    expect(portal.requests.slice(-2).map((log) => log.received)).toEqual([
      '{"b":{"7":"x","2":"y"}}',
      '{"a":{"7":"x","2":"y"}}',
    ]);
    expect(portal.requests.at(-1)).not.toHaveProperty('contentType');
  });

  it('runs the commands of a batch in the order they were sent', async () => {
    const batch = '{"cmd":{"30":"scope","5":"profile","1":"scope"}}';
    const response = await fetch(`${portal.webhookUrl()}batch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: batch,
    });
    expect(portal.requests.slice(1).map((log) => log.method)).toEqual(['scope', 'profile', 'scope']);
    expect(await response.text()).toMatch(/^\{"result":\{"result":\{"30":\[.*"5":\{.*"1":\[/);
  });

  it.each([
    ['a byte order mark', '\ufeff{"a":1}'],
    ['broken JSON', '{"a":1'],
    ['a JSON text that is no array', '7'],
    ['half a surrogate pair', '{"a":"\\ud83d"}'],
  ])('has no parameters after %s', async (_, body) => {
    expect(await echoed(body, 'application/json')).toBe('[]');
  });

  it('has no parameters when its body is compressed, or is no UTF-8', async () => {
    expect(await echoed(gzipSync('{"a":1}'), 'application/json')).toBe('[]');
    expect(await echoed(Buffer.from('{"a":"\xe9"}', 'latin1'), 'application/json')).toBe('[]');
  });

  it('has positional parameters when its JSON is a list', async () => {
    expect(await echoed('[13,{"TITLE":"x"}]', 'application/json')).toBe('[13,{"TITLE":"x"}]');
  });

  it('lets the body win at the position of the query', async () => {
    expect(await echoed('{"b":2,"a":3}', 'application/json', '?a=1')).toBe('{"a":3,"b":2}');
    expect(await echoed('b=2&a=3', form, '?a=1')).toBe('{"a":"3","b":"2"}');
  });

  it.each([form, 'text/plain', 'application/octet-stream', 'text/json', undefined])(
    'is read as a form when its type is %s',
    async (contentType) => {
      const body = Buffer.from('a[b=1&f[-5]=a&f[]=b&c.d=%E9&a[b=2');
      expect(await echoed(body, contentType)).toBe('{"a_b":"2","f":{"-5":"a","-4":"b"},"c_d":"\\udce9"}');
    },
  );

  it('is read as multipart, and its files are recorded', async () => {
    const data = new FormData();
    data.append('fields[TITLE]', 'Ж');
    data.append('fields[LIST][]', '1');
    data.append('file', new Blob(['content']), 'a.txt');
    expect(await answerOf(fetch(`${portal.webhookUrl()}lab.echo`, { method: 'POST', body: data }))).toMatchObject({
      body: { result: { fields: { TITLE: 'Ж', LIST: ['1'] } } },
    });
    expect(portal.requests.at(-1)?.files).toEqual([
      {
        field: 'file',
        name: 'a.txt',
        size: 7,
        sha256: 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73',
      },
    ]);
  });

  it('has no body unless it is a POST', async () => {
    const put = { method: 'PUT', headers: { 'content-type': form }, body: 'a=1' };
    expect((await answerOf(fetch(`${portal.webhookUrl()}lab.echo?b=2`, put))).body.result).toEqual({ b: '2' });
    expect((await answerOf(fetch(`${portal.webhookUrl()}lab.echo?b=2`))).body.result).toEqual({ b: '2' });
  });

  it.each(['LAB.Echo', 'lab.echo.json', 'lab.echo.xml', 'lab.echo/', '/lab.echo', 'lab.echo.json//'])(
    'finds the method at %s',
    async (path) => {
      expect((await answerOf(fetch(`${portal.webhookUrl()}${path}?a=1`))).body.result).toEqual({ a: '1' });
    },
  );

  it('finds no method on a path of another length', async () => {
    const answer = { status: 404, body: { error: 'ERROR_METHOD_NOT_FOUND' } };
    expect(await answerOf(fetch(`${portal.webhookUrl()}scope/more`))).toMatchObject(answer);
    expect(await answerOf(fetch(`${portal.endpoint}scope/more`))).toMatchObject(answer);
  });

  it('may come from pages of any origin', async () => {
    const preflight = await fetch(`${portal.webhookUrl()}scope`, { method: 'OPTIONS' });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
    const refused = await fetch(`${portal.endpoint}scope`);
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*']);
  });

  it('fails in the odd commands of a batch only', async () => {
    const { body } = await new SpecClient(portal).batch({ a: ' scope', b: '', c: '/scope', d: 'scope', e: ['scope'] });
    expect(Object.keys(body.result.result)).toEqual(['d']);
    expect(body.result.result_error).toMatchObject({
      a: { error: 'ERROR_METHOD_NOT_FOUND' },
      b: { error: 'ERROR_METHOD_NOT_FOUND' },
      c: { error: 'ERROR_METHOD_NOT_FOUND' },
    });
    expect(body.result.result_error).not.toHaveProperty('e');
  });
});
