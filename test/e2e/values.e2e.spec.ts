import fc from 'fast-check';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { direct, echoed, type EchoEntry, jsonEntryPoints } from '../support/echo-world';
import { type HttpClient, World } from '../support/gateway';

const names = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.nat(99).map(String),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', '+&%#[]', ' a.b', '$result[0]', 'id'),
);
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', '+ & % # [ ]', '2026-11-27T10:00:00+03:00', '1.10', '😀', '\0', '$result[a][0]', 'a=b;c', '"\\/'),
);
const numbers = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.constantFrom('9007199254740993', '1.10', '0.10', '1e3', '-0.5', '12345678901234567890'),
);
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    numbers,
    texts.map((it) => JSON.stringify(it)),
    fc.constantFrom('null', 'true', 'false', '[]', '{}', '""'),
    fc.array(tie('json'), { maxLength: 4 }).map((items) => `[${items.join(',')}]`),
    mapOf(tie('json')),
  ),
}));
const reserved = /^(?:auth|access_token|start|bx24_.*)$/i;
/** Parameters as JSON: by name, or by position. */
const params = fc.oneof(
  mapOf(json, (name) => !reserved.test(name)),
  fc.array(json, { minLength: 1, maxLength: 4 }).map((items) => `[${items.join(',')}]`),
);

/** What may share a request. */
const plainParams = fc
  .record({ id: fc.nat(), TITLE: texts.filter((it) => it !== '' && !/[$\0]/.test(it)) })
  .map((it) => JSON.stringify({ filter: it }));

function mapOf(value: fc.Arbitrary<string>, allowed: (name: string) => boolean = () => true) {
  return fc
    .uniqueArray(fc.tuple(names.filter(allowed), value), { maxLength: 5, selector: ([name]) => name })
    .map((entries) => `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${inner}`).join(',')}}`);
}

describe('the values of a caller', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;
  let entryPoints: EchoEntry[];
  let key: string;

  beforeAll(async () => {
    world = await World.start({ scope: ['task', 'crm'] });
    client = await world.gateway({ B24_BURST: '10000', B24_DRAIN_PER_SECOND: '1000' });
    portal = await world.installed(client, { burst: 100_000, drainPerSecond: 1000 });
    key = (await client.call('POST', '/v1/clients', { name: 'sdk', scopes: ['call'] })).body.key as string;
    entryPoints = jsonEntryPoints(client, portal, key);
  });

  beforeEach(() => {
    portal.requests.length = 0;
  });

  afterAll(() => world.stop());

  const sdk = (path: string, init: RequestInit = {}) =>
    fetch(`${client.url}/p/${portal.memberId}/rest/1/${key}/${path}`, init).then((response) => response.text());

  it('reach the portal through each entry point as they would directly, and come back', async () => {
    await fc.assert(
      fc.asyncProperty(params, async (given) => {
        const expected = await direct(portal, given);
        for (const { name, send } of entryPoints) {
          portal.requests.length = 0;
          const { status, text } = await send(given);
          expect([name, status, echoed(portal)]).toEqual([name, 200, [expected]]);
          // MCP writes its answer as text within JSON.
          const answer = name === 'MCP' ? (JSON.parse(text) as McpAnswer).result.content[0].text : text;
          expect([name, answer]).toEqual([name, expect.stringContaining(`"result":${expected}`)]);
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });

  it('reach the portal in requests that callers share as they would directly, and come back to their caller', async () => {
    const narrow = await world.gateway({ B24_BURST: '41', B24_DRAIN_PER_SECOND: '20' });
    const busy = await world.installed(narrow, { burst: 100_000, drainPerSecond: 1000 });
    let shared = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(params, plainParams), { minLength: 100, maxLength: 100 }), async (all) => {
        const expected: string[] = [];
        for (const it of all) expected.push(await direct(busy, it));
        busy.requests.length = 0;
        const answers = await Promise.all(
          all.map((it) => fetchText(`/v1/portals/${busy.memberId}/call/lab.echo.get`, `{"params":${it}}`, {}, narrow)),
        );
        for (const [i, { text }] of answers.entries()) {
          const { result } = /^\{"result":(?<result>[^]*),"time":/.exec(text)?.groups ?? {};
          expect(textual([result ?? text])).toEqual(textual([expected[i] ?? '']));
        }
        shared += busy.requests.filter(({ batchOf }) => batchOf !== undefined).length;
      }),
      { numRuns: 3, endOnFailure: true },
    );
    expect(shared).toBeGreaterThan(30);
  });

  it('reach the portal in a batch of their caller as they would directly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(params, { minLength: 5, maxLength: 12 }), async (all) => {
        const expected: string[] = [];
        for (const it of all) expected.push(await direct(portal, it));
        portal.requests.length = 0;
        const commands = all.map((it) => `{"method":"lab.echo","params":${it}}`).join(',');
        const response = await fetch(`${client.url}/v1/portals/${portal.memberId}/batch`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${client.key}` },
          body: `{"commands":[${commands}]}`,
        });
        expect(response.status).toBe(200);
        expect(textual(echoed(portal))).toEqual(textual(expected));
      }),
      { numRuns: 20 },
    );
  });

  it('keep the order of a batch whose names are numbers, and of its answer', async () => {
    const cmd = { 30: 'lab.echo?a=1', 5: 'no.such', 77: 'lab.echo?b=$result[30][a]' };
    const text = `{"halt":0,"cmd":{"30":"${cmd[30]}","5":"${cmd[5]}","77":"${cmd[77]}"}}`;
    const json = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: text };
    const form = {
      method: 'POST',
      body: new URLSearchParams(`cmd[30]=${cmd[30]}&cmd[5]=${cmd[5]}&cmd[77]=${encodeURIComponent(cmd[77])}`),
    };
    for (const init of [json, form]) {
      portal.requests.length = 0;
      const answer = await sdk('batch', init);
      expect(portal.requests.filter(({ batchOf }) => batchOf !== undefined).map(({ method }) => method)).toEqual([
        'lab.echo',
        'no.such',
        'lab.echo',
      ]);
      expect(answer).toContain('"result":{"30":{"a":"1"},"77":{"b":"1"}}');
      expect(answer).toContain('"result_error":{"5":{"error":"ERROR_METHOD_NOT_FOUND"');
    }
  });

  it('come back from the portal exactly as it wrote them', async () => {
    const result = '{"30":{"id":9007199254740993},"5":{"price":1.10,"big":123456789012345678901234567890},"e":1.0e5}';
    portal.scripts.set('crm.odd.get', { text: `{"result":${result},"total":"2","next":50,"more":[1.0]}` });
    portal.scripts.set('crm.vat.list', { text: '{"vats":[{"7":1,"3":2.50}],"total":1}' });
    expect(await sdk('crm.odd.get')).toBe(`{"result":${result},"total":"2","next":50,"more":[1.0]}`);
    expect(await sdk('crm.vat.list')).toBe('{"vats":[{"7":1,"3":2.50}],"total":1}');
    const [call] = jsonEntryPoints(client, portal, key);
    expect((await call?.send('{}'))?.status).toBe(200);
    const { text } = await fetchText(`/v1/portals/${portal.memberId}/call/crm.odd.get`);
    expect(text).toMatch(`{"result":${result},"total":2,"next":50`);
    portal.scripts.clear();
  });

  it('are replayed exactly for an Idempotency-Key, which goes by them exactly', async () => {
    const headers = { 'Idempotency-Key': 'exact' };
    const path = `/v1/portals/${portal.memberId}/call/lab.echo`;
    const first = await fetchText(path, '{"params":{"id":9007199254740993}}', headers);
    expect(first.text).toContain('"id":9007199254740993');
    expect(await fetchText(path, '{"params":{"id":9007199254740993}}', headers)).toEqual(first);
    expect((await fetchText(path, '{"params":{"id":9007199254740992}}', headers)).status).toBe(409);
  });

  const fetchText = async (path: string, body = '{}', more: Record<string, string> = {}, { url } = client) => {
    const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${client.key}`, ...more };
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body });
    return { status: response.status, text: await response.text() };
  };
});

interface McpAnswer {
  readonly result: { readonly content: readonly [{ readonly text: string }] };
}

/** In a shared batch every number arrives as text, as the vendor defines it; commands that share none come in any order. */
function textual(received: readonly string[]): string[] {
  return received.map((it) => it.replaceAll(/(?<=[:,[])(-?\d+)(?=[,}\]])/g, '"$1"')).sort();
}
