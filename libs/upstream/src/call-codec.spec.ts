import { Fault } from '@b24/portal';
import { parseEnvelope, readOperating, readTimes, translateError } from './answer-body';
import { decodeCall } from './call-codec';

const nowMs = 1_700_000_000_000;
const decode = (
  body: unknown,
  status = 200,
  more: { method?: string; inside?: { name: string; method: string }[]; v3?: { body: unknown } } = {},
) =>
  decodeCall(
    { method: 'm', ...more },
    { status, body: typeof body === 'string' ? body : JSON.stringify(body) },
    5,
    nowMs,
  );

describe('the answer to one call', () => {
  it.each<[what: string, body: object, expected: object]>([
    ['a result', { result: 1 }, { ok: true, value: 1 }],
    ['an empty result', { result: null }, { ok: true, value: null }],
    [
      'no result',
      { vats: [], total: 0, time: { start: 1 } },
      { ok: true, value: { vats: [], total: 0 }, whole: true, total: 0 },
    ],
    ['a next page', { result: [], total: '70', next: 50 }, { ok: true, total: 70, next: 50 }],
  ])('has %s', (_what, body, expected) => {
    expect(decode(body)).toMatchObject({ ...expected, envelope: body, timing: { queueMs: 0, upstreamMs: 5 } });
  });

  it('says that the whole response is its value only without a result', () => {
    expect(decode({ result: 1 })).not.toHaveProperty('whole');
  });

  it('says that it was repeated', () => {
    const answer = { status: 200, body: '{"result":1}' };
    expect(decodeCall({ method: 'm' }, { ...answer, replayed: true }, 5, nowMs)).toMatchObject({ replayed: true });
    expect(decodeCall({ method: 'm' }, answer, 5, nowMs)).not.toHaveProperty('replayed');
  });

  it('has the answers to a caller’s own batch, except in version 3', () => {
    const inside = [{ name: 'a', method: 'first' }];
    const body = { result: { result: { a: 7 }, result_error: [], result_total: [], result_next: [], result_time: [] } };
    expect(decode(body, 200, { inside })).toMatchObject({ inside: [{ ok: true, value: 7 }] });
    expect(decode(body, 200, { inside, v3: { body: [] } })).not.toHaveProperty('inside');
    expect(decode(body)).not.toHaveProperty('inside');
  });

  it.each<[what: string, body: string, status: number, detail: string]>([
    ['that is not JSON', '<html>', 200, 'status 200 and no readable body'],
    ['that is a list', '[]', 200, 'status 200 and no readable body'],
    ['that is null', 'null', 201, 'status 201 and no readable body'],
    ['of another status without an error', '{"a":1}', 500, 'status 500 and no readable body'],
    ['that is too deep', '['.repeat(5000) + ']'.repeat(5000), 500, 'levels, which is not read'],
  ])('%s is the failure of this call only', (_what, body, status, detail) => {
    expect(decode(body, status)).toEqual({
      ok: false,
      timing: { queueMs: 0, upstreamMs: 5 },
      fault: expect.objectContaining({
        code: 'portal_error',
        message: expect.stringContaining(detail) as string,
      }) as Fault,
    });
  });

  it.each<[what: string, body: string, status: number, more: object]>([
    ['an error page', '<html>', 502, {}],
    ['status 199', '<html>', 199, {}],
    ['a redirect', '<html>', 302, { retryReason: 'moved' }],
    ['a redirect with JSON', '{"a":1}', 300, { retryReason: 'moved' }],
    ['the last redirect', '', 399, { retryReason: 'moved' }],
    ['status 400', '', 400, { retryReason: undefined }],
  ])('that is %s fails the request', (_what, body, status, more) => {
    const upstream = { method: 'm', status, error: '', description: '' };
    expect(() => decode(body, status)).toThrow(
      expect.objectContaining({ code: 'portal_error', upstream, ...more }) as Error,
    );
  });

  it('fails the request when the error concerns all of it, or the grant', () => {
    for (const error of ['QUERY_LIMIT_EXCEEDED', 'expired_token', 'PORTAL_DELETED'])
      expect(() => decode({ error }, 400)).toThrow(Fault);
    expect(decode({ error: 'ERROR_METHOD_NOT_FOUND', time: { duration: 0.5 } }, 404)).toMatchObject({
      ok: false,
      fault: { code: 'method_not_found' },
      timing: { ranMs: 500 },
    });
  });
});

describe('an envelope', () => {
  it('is an object with an error, or any object with a status of success', () => {
    expect(parseEnvelope('m', { status: 500, body: '{"error":""}' })).toEqual({ error: '' });
    expect(parseEnvelope('m', { status: 299, body: '{}' })).toEqual({});
    expect(parseEnvelope('m', { status: 300, body: '{}' })).toHaveProperty('fault');
  });
});

describe('the operating time in an answer', () => {
  const hour = 3_600_000;

  it.each<[time: unknown, expected: object | undefined]>([
    [undefined, undefined],
    [null, undefined],
    [{}, undefined],
    [{ operating: 'x' }, undefined],
    [{ operating: 1e999 }, undefined],
    [{ operating: 1.5 }, { usedSeconds: 1.5 }],
    [{ operating: 0 }, { usedSeconds: 0 }],
    [
      { operating: 1, operating_reset_at: nowMs / 1000 + 60 },
      { usedSeconds: 1, resetAtMs: nowMs + 60_000 },
    ],
    [
      { operating: 1, operating_reset_at: (nowMs + hour) / 1000 },
      { usedSeconds: 1, resetAtMs: nowMs + hour },
    ],
    [{ operating: 1, operating_reset_at: (nowMs + hour) / 1000 + 1 }, { usedSeconds: 1 }],
    [
      { operating: 1, operating_reset_at: (nowMs - hour) / 1000 },
      { usedSeconds: 1, resetAtMs: nowMs - hour },
    ],
    [{ operating: 1, operating_reset_at: 'soon' }, { usedSeconds: 1 }],
  ])('%j is %j', (time, expected) => {
    expect(readOperating(time, nowMs)).toEqual(expected);
  });

  it.each<[time: unknown, expected: object]>([
    [undefined, { timing: {} }],
    ['text', { timing: {} }],
    [[], { timing: {} }],
    [{ duration: 0 }, { time: { duration: 0 }, timing: { ranMs: 0 } }],
    [{ duration: -1 }, { time: { duration: -1 }, timing: {} }],
    [
      { duration: 2, operating: 3 },
      { time: { duration: 2, operating: 3 }, timing: { ranMs: 2000 }, operating: { usedSeconds: 3 } },
    ],
  ])('and how long it ran: %j', (time, { timing, ...expected }: { timing?: object }) => {
    expect(readTimes(time, 5, nowMs)).toEqual({ ...expected, timing: { queueMs: 0, upstreamMs: 5, ...timing } });
  });

  it('is nothing that is infinite', () => {
    expect(readTimes({ duration: Infinity }, 5, nowMs).timing).not.toHaveProperty('ranMs');
    expect(readOperating({ operating: Infinity }, nowMs)).toBeUndefined();
  });
});

describe('the error of an answer', () => {
  const upstreamOf = (body: Record<string, unknown>) => translateError('m', 400, body, nowMs).fault.upstream;

  it('is a code and a sentence, cut off after 500 signs', () => {
    const body = { error: 'x'.repeat(501), error_description: 'y'.repeat(501) };
    expect(upstreamOf(body)).toEqual({
      ...{ method: 'm', status: 400, error: 'x'.repeat(500), description: 'y'.repeat(500), said: body },
    });
  });

  it.each<[error: unknown, text: string]>([
    [7, '7'],
    [true, ''],
    [null, ''],
    [['x'], ''],
  ])('%j is the code %j', (error, text) => {
    expect(upstreamOf({ error })).toMatchObject({ error: text, description: '' });
  });

  it('is an object in version 3, with what is wrong field by field', () => {
    const validation = [{ field: 'a', message: 'b' }, 'x', null, ...Array.from({ length: 60 }, () => ({ field: 1 }))];
    const upstream = upstreamOf({ error: { code: 'C', message: 'M', validation } });
    expect(upstream).toMatchObject({ error: 'C', description: 'M' });
    expect(upstream?.validation?.slice(0, 2)).toEqual([
      { field: 'a', message: 'b' },
      { field: '1', message: '' },
    ]);
    expect(upstream?.validation).toHaveLength(50);
    expect(upstreamOf({ error: { code: 'C', validation: 'x' } })).not.toHaveProperty('validation');
    expect(upstreamOf({ error: 'C', validation })).not.toHaveProperty('validation');
  });
});
