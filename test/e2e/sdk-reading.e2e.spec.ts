import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { webhookDoor } from '../../apps/gateway/src/doors/sdk/webhook-door';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, World } from '../support/gateway';

interface SentRequest {
  readonly what: string;
  readonly method?: string;
  /** Behind the method's name in the URL. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly name?: string;
}

const json = { 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const multipart = (boundary: string) => ({ 'Content-Type': `multipart/form-data; boundary=${boundary}` });
const parts = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields)
    .map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('') + '--b--\r\n';

/** Requests that the vendor reads, and so the gateway (docs/sdk.md). */
const requests: readonly SentRequest[] = [
  { what: 'a form', headers: form, body: 'fields[TITLE]=x+%2B+%D0%96&fields[A][]=1&fields[A][]=2' },
  { what: 'a form without a content type', body: 'fields[TITLE]=x' },
  { what: 'a form as text', headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'fields[TITLE]=x' },
  { what: 'a form as XML', headers: { 'Content-Type': 'application/xml' }, body: 'fields[TITLE]=x' },
  {
    what: 'a multipart form',
    headers: multipart('b'),
    body: parts({ 'fields[TITLE]': 'x Ж', 'a[b': '1', 'c[]': '2' }),
  },
  { what: '10,000 variables', headers: form, body: Array.from({ length: 10_000 }, (_, i) => `r[${i}]=${i}`).join('&') },
  { what: '200 rows of products', headers: form, body: rows(200) },
  { what: 'names as PHP reads them', headers: form, body: 'a[b=1&f[-5]=a&f[]=b&d.e=1&g h=2&constructor=3' },
  { what: 'nesting of 60 levels', headers: form, body: `a${'[b]'.repeat(60)}=1` },
  { what: 'names out of order', headers: form, body: 'm[30]=a&m[5]=b&m[77]=c' },
  {
    what: 'JSON',
    headers: json,
    body: '{"id":9007199254740993,"price":1.10,"n":null,"b":false,"e":[],"m":{"30":1,"5":2}}',
  },
  { what: 'parameters by position', headers: json, body: '[13,{"TITLE":"x","IS_COMPLETE":"N"}]' },
  { what: 'JSON with escapes', headers: json, body: '{"a":"\\u0416\\ud83d\\ude00\\/","__proto__":{"x":1}}' },
  { what: 'JSON of 500 levels', headers: json, body: `${'{"a":'.repeat(500)}1${'}'.repeat(500)}` },
  { what: 'a query and a body', query: '?a=1&b=2', headers: json, body: '{"b":3}' },
  { what: 'a query', method: 'GET', query: '?filter[%3EID]=1&select[]=ID&empty=&x=%2B%26%23' },
  { what: 'auth_connector and its like', headers: json, body: '{"auth_connector":"a","state":"b","token":"c"}' },
  { what: 'a name with a format and slashes', name: '/lab.echo.json/', headers: json, body: '{"a":1}' },
  { what: 'a name in another case', name: 'LAB.Echo', headers: json, body: '{"a":1}' },
];

/** Bodies that the vendor would not read, so that the method would run without its parameters. */
const refused: readonly (SentRequest & { readonly status: number })[] = [
  { what: 'broken JSON', headers: json, body: '{"a":', status: 400 },
  { what: 'half an emoji', headers: json, body: '{"a":"\\ud83d"}', status: 400 },
  {
    what: 'JSON that is not UTF-8',
    headers: json,
    body: Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]),
    status: 400,
  },
  { what: 'a number as JSON', headers: json, body: '5', status: 400 },
  { what: 'JSON of 600 levels', headers: json, body: `${'['.repeat(600)}${']'.repeat(600)}`, status: 400 },
  {
    what: 'a compressed body',
    headers: { ...json, 'Content-Encoding': 'gzip' },
    body: gzipSync('{"a":1}'),
    status: 415,
  },
  { what: 'JSON as a form', headers: form, body: '{"a":1}', status: 415 },
  { what: 'a form that is not UTF-8', headers: form, body: 'a=%E9', status: 400 },
  { what: 'a multipart form that is cut off', headers: multipart('b'), body: '--b\r\nContent-Disp', status: 400 },
  { what: 'too many variables', headers: form, body: 'a[]=1&'.repeat(10_001), status: 400 },
];

describe('a request of an SDK', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let bases: readonly [direct: string, gateway: string];

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    client = await world.gateway({ B24_BURST: '10000', B24_DRAIN_PER_SECOND: '1000' });
    portal = await world.installed(client, { burst: 100_000, drainPerSecond: 1000 });
    const { body } = await client.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] });
    bases = [portal.webhookUrl(1, ['task', 'crm']), `${client.url}/p/${portal.memberId}/rest/1/${body.key as string}/`];
  });

  beforeEach(() => {
    portal.requests.length = 0;
  });

  afterAll(() => world.stop());

  const send = async (
    base: string,
    { method = 'POST', name = 'lab.echo', query = '', headers = {}, body }: SentRequest,
  ) => {
    // A Buffer has no content type of its own.
    const bytes = body === undefined ? undefined : new Uint8Array(Buffer.from(body));
    const response = await fetch(`${base}${name}${query}`, { method, headers, ...(bytes && { body: bytes }) });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const received = () => portal.requests.splice(0).map((it) => it.received);

  it.each(requests)('is read as the vendor reads it: $what', async (request) => {
    const [direct, gateway] = bases;
    expect((await send(direct, request)).status).toBe(200);
    const expected = received();
    expect(expected).not.toEqual(['[]']);
    const { status, text } = await send(gateway, request);
    expect([status, received()]).toEqual([200, expected]);
    expect(text).toContain(`"result":${expected[0]}`);
  });

  it.each(refused)('is refused rather than run without its parameters: $what', async ({ status, ...request }) => {
    const answer = await send(bases[1], request);
    expect([answer.status, JSON.parse(answer.text)]).toEqual([
      status,
      { error: 'INVALID_REQUEST', error_description: expect.any(String) },
    ]);
    expect(received()).toEqual([]);
  });

  it('may begin with a byte order mark, which the vendor would not read', async () => {
    expect((await send(bases[1], { what: '', headers: json, body: '\uFEFF{"a":1}' })).status).toBe(200);
    expect(received()).toEqual(['{"a":1}']);
  });

  it('may have raw UTF-8 in its URL', async () => {
    const { host, pathname } = new URL(bases[1]);
    for (const title of ['Тест', 'Ж+😀']) {
      const socket = connect(Number(host.split(':')[1]), '127.0.0.1');
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      socket.write(`GET ${pathname}lab.echo?fields[TITLE]=${title} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await once(socket, 'end');
      expect(text).toMatch(/^HTTP\/1\.1 200 [^]*"result"/);
    }
    expect(received()).toEqual(['Тест', 'Ж 😀'].map((it) => `{"fields":{"TITLE":"${it}"}}`));
  });

  it('may come from a page of any origin', async () => {
    const preflight = await send(bases[1], { what: '', method: 'OPTIONS', headers: { Origin: 'https://a.example' } });
    const direct = await send(bases[0], { what: '', method: 'OPTIONS', headers: { Origin: 'https://a.example' } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([
      direct.status,
      direct.headers.get('access-control-allow-origin'),
    ]);
    for (const name of ['lab.echo', 'no.such'])
      expect((await send(bases[1], { what: '', name })).headers.get('access-control-allow-origin')).toBe('*');
  });

  it('is refused in the vendor’s envelope whatever is wrong with it', async () => {
    for (const [method, path] of [
      ['PUT', 'no.such'],
      ['DELETE', 'lab.echo'],
      ['PATCH', 'lab.echo'],
      ['POST', 'a/b/c'],
      ['POST', 'lab.echo.xml'],
      ['POST', ''],
    ] as const) {
      const { status, text } = await send(bases[1], { what: '', method, name: path });
      expect([method, path, status >= 400, Object.keys(JSON.parse(text) as object)]).toEqual([
        method,
        path,
        true,
        ['error', 'error_description'],
      ]);
    }
  });

  it('may take 60 seconds', async () => {
    const { headers } = await send(bases[1], { what: '' });
    expect(headers.get('server-timing')).toContain('queue;dur=');
    expect(webhookDoor.minDeadlineMs).toBe(60_000);
  });

  it('gets its answer compressed if it accepts that', async () => {
    const text = 'x'.repeat(50_000);
    const answer = await fetch(`${bases[1]}lab.echo`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ text }),
    });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(await answer.json()).toMatchObject({ result: { text } });
    const plain = await fetch(`${bases[1]}lab.echo`, {
      method: 'POST',
      headers: { ...json, 'Accept-Encoding': 'identity' },
      body: JSON.stringify({ text }),
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
  });
});

function rows(count: number): string {
  const fields = ['PRODUCT_ID', 'PRICE', 'QUANTITY', 'DISCOUNT_SUM', 'TAX_RATE', 'MEASURE_CODE'];
  return Array.from({ length: count }, (_, i) => fields.map((name) => `rows[${i}][${name}]=${i}`).join('&')).join('&');
}
