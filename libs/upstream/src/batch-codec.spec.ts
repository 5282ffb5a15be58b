import { type Command, type Fault, type HttpAnswer, Secret, systemClock } from '@b24/portal';
import fc from 'fast-check';
import { parsePhpQuery } from '../../../apps/portal-simulator/src/php-query';
import { commandNames, decodeBatch, encodeBatch } from './batch-codec';
import { phpQuery, batchedBytes } from './php-query';
import { upstream } from './upstream';

const now = systemClock.now();
const command = (n: number): Command => ({ method: `m${n}`, params: { id: n }, effect: 'read' });
const commands = [command(1), command(2), command(3)];
const names = ['a', 'b', 'c'];
const decode = (result: unknown, time: unknown = {}) =>
  decodeBatch(commands, names, { status: 200, body: JSON.stringify({ result, time }) }, 5, now);
const empty = { result: [], result_error: [], result_total: [], result_next: [], result_time: [] };

describe('parameters in a batch', () => {
  const text = fc.string({ unit: 'grapheme' });
  const leaf = fc.oneof(text, fc.maxSafeInteger());
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(text, tie('any')),
    ),
  })).any;
  const params = fc.dictionary(fc.stringMatching(/^[A-Za-z]\w{0,8}$/), value);

  /** As they must arrive: every value a string, the shape kept. */
  const asStrings = (it: unknown): unknown => {
    if (Array.isArray(it)) return it.map(asStrings);
    if (typeof it !== 'object' || it === null) return String(it);
    const entries = Object.entries(it).map(([key, item]): [string, unknown] => [key, asStrings(item)]);
    const isList = entries.every(([key], i) => key === `${i}`);
    return isList && entries.length > 0 ? entries.map(([, item]) => item) : Object.fromEntries(entries);
  };

  it('arrive as they were, read as PHP reads them, or may not travel in one', () => {
    fc.assert(
      fc.property(params, (given) => {
        if (batchedBytes('m', given) === undefined) return;
        expect(JSON.parse(JSON.stringify(parsePhpQuery(phpQuery(given))))).toEqual(asStrings(given));
      }),
      { numRuns: 500 },
    );
  });

  it('never hold a $, in a value or a name, however deep', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const hostile = `${before}$${after}`;
        expect(batchedBytes('m', { a: hostile })).toBeUndefined();
        expect(batchedBytes('m', { a: { b: [{ c: hostile }] } })).toBeUndefined();
        expect(batchedBytes('m', { a: { [hostile]: 1 } })).toBeUndefined();
        expect(batchedBytes('m', { [hostile]: 1 })).toBeUndefined();
      }),
    );
  });

  it.each([
    ['null, which would vanish', { a: null }],
    ['an empty list, which would vanish', { filter: [] }],
    ['an empty object', { filter: {} }],
    ['true, which would become a number', { a: true }],
    ['a fraction', { a: 1.5 }],
    ['half a character', { a: '\ud800' }],
    ['a zero byte', { a: 'x\0y' }],
    ['a name that PHP would change', { 'a.b': 1 }],
    ['a bracket in a name', { a: { 'b]c': 1 } }],
    ['more values than PHP reads', { a: Array.from({ length: 501 }, (_, i) => i) }],
    ['a very long text', { a: 'x'.repeat(40_000) }],
  ])('are sent alone when they hold %s', (_, given) => {
    expect(batchedBytes('m', given)).toBeUndefined();
  });

  it.each(['batch', 'BATCH', 'download', 'upload', 'm?x=1', 'm#', '../x', ''])('are sent alone to %s', (method) => {
    expect(batchedBytes(method, {})).toBeUndefined();
  });
});

describe('a batch', () => {
  it('runs all its commands whatever becomes of one, under names that nobody can guess', () => {
    const [first, second] = [commandNames(2), commandNames(2)];
    expect(new Set([...first, ...second]).size).toBe(4);
    for (const name of first) expect(name).toMatch(/^c[0-9a-f]{12}_\d+$/);
    expect(encodeBatch(commands, names)).toEqual({ halt: 0, cmd: { a: 'm1?id=1', b: 'm2?id=2', c: 'm3?id=3' } });
  });

  it('gives each command its answer: a result, a refusal, or that it was not run', () => {
    const answers = decode(
      {
        ...empty,
        result: { c: [], a: { id: 1 } },
        result_error: { b: { error: 0, error_description: 'Access denied' } },
        result_total: { a: 70 },
        result_next: { a: 50 },
        result_time: { a: { duration: 0.25, operating: 3, operating_reset_at: Math.floor(now / 1000) + 60 } },
      },
      { operating: 7 },
    );
    expect(answers[0]).toMatchObject({
      ok: true,
      value: { id: 1 },
      total: 70,
      next: 50,
      operating: { usedSeconds: 3 },
      batchOperating: { usedSeconds: 7 },
      timing: { upstreamMs: 5, ranMs: 250 },
    });
    expect(answers[1]).toMatchObject({ ok: false, fault: { code: 'access_denied', upstream: { method: 'm2' } } });
    expect(answers[2]).toMatchObject({ ok: true, value: [] });
  });

  it('takes a list for an empty map, as PHP writes it', () => {
    const answers = decode(empty);
    for (const answer of answers) expect(answer).toMatchObject({ ok: false, fault: { retryReason: 'not_run' } });
  });

  it('takes a null result for a result, and an error without words for an error', () => {
    const answers = decode({
      ...empty,
      result: { a: null },
      result_error: { b: { error: 'insufficient_scope', error_description: '' }, c: '' },
    });
    expect(answers[0]).toMatchObject({ ok: true, value: null });
    expect(answers[1]).toMatchObject({ ok: false, fault: { code: 'insufficient_scope' } });
    expect(answers[2]).toMatchObject({ ok: false, fault: { code: 'rejected_by_portal' } });
  });

  it.each([
    ['expired_token', 401, { code: 'reauthorization_required', retryReason: 'token_refused' }],
    ['QUERY_LIMIT_EXCEEDED', 503, { code: 'portal_overloaded', retryReason: 'bucket_full' }],
    ['OPERATION_TIME_LIMIT', 429, { code: 'operating_time_spent', retryReason: 'batch_spent' }],
    ['OVERLOAD_LIMIT', 503, { code: 'portal_overloaded', haltMs: 300_000 }],
  ])('fails as a whole with %s', (error, status, expected) => {
    const answer: HttpAnswer = { status, body: JSON.stringify({ error }) };
    expect(() => decodeBatch(commands, names, answer, 5, now)).toThrow(expect.objectContaining(expected));
  });

  it.each(['[]', 'null', '{"result":[]}', '{"result":7}', '<html>', '', '{"result":{"result":'])(
    'says that the portal failed when it answers %s',
    (body) => {
      expect(() => decodeBatch(commands, names, { status: 200, body }, 5, now)).toThrow(
        expect.objectContaining({ code: 'portal_error' } satisfies Partial<Fault>),
      );
    },
  );
});

describe('the wire', () => {
  const sent: { url: string; body: Record<string, unknown> }[] = [];
  const send = upstream({
    clock: systemClock,
    post: (url, { text }) => {
      const body = JSON.parse(String(text)) as Record<string, unknown>;
      sent.push({ url, body });
      const result = { ...empty, result: Object.fromEntries(Object.keys(body['cmd'] ?? {}).map((it) => [it, it])) };
      return Promise.resolve({ status: 200, body: JSON.stringify({ result }) });
    },
  });
  const authorization = { endpoint: new Secret('https://p/rest/'), accessToken: new Secret('token') };

  it('sends one command as a call with its values as they are, and several as a batch', async () => {
    const { signal } = new AbortController();
    await send(authorization, commands.slice(0, 1), signal);
    await send(authorization, commands, signal);
    expect(sent.map(({ url }) => url)).toEqual(['https://p/rest/m1', 'https://p/rest/batch']);
    expect(sent[0]?.body).toEqual({ id: 1, auth: 'token' });
    expect(Object.values(sent[1]?.body['cmd'] ?? {})).toEqual(['m1?id=1', 'm2?id=2', 'm3?id=3']);
  });
});
