import { systemClock } from '@b24/portal';
import { decodeCall } from './call-codec';
import { translate } from './translate';

const now = systemClock.now();
const command = { method: 'm', params: {}, effect: 'read' as const };
const said = (error: string, description = '', status = 400) =>
  translate({ method: 'm', status, error, description }, undefined, now);
const decode = (body: string, status = 200) => decodeCall(command, { status, body }, 5, now);

describe('the translation of the vendor’s errors', () => {
  it('goes by the code before the sentence', () => {
    expect(said('expired_token', 'Access denied').fault.code).toBe('reauthorization_required');
  });

  it('takes an unknown refusal for the portal’s word, and an unknown failure for a failure', () => {
    expect(said('WHO_KNOWS', 'x', 400).fault.code).toBe('rejected_by_portal');
    expect(said('WHO_KNOWS', 'x', 500).fault.code).toBe('portal_error');
    expect(said('constructor', '__proto__').fault.code).toBe('rejected_by_portal');
  });

  it('makes a spent method rest until its reset, and a minute when the reset is not said', () => {
    const spent = (resetAtMs?: number) =>
      translate(
        { method: 'm', status: 429, error: 'OPERATION_TIME_LIMIT', description: '' },
        { usedSeconds: 480, ...(resetAtMs && { resetAtMs }) },
        now,
      ).fault.retryAfterMs;
    expect([spent(now + 90_000), spent(), spent(now - 5000)]).toEqual([90_000, 60_000, 1000]);
    expect(said('OPERATION_TIME_LIMIT').fault.retryAfterMs).toBe(60_000);
    expect(said('QUERY_LIMIT_EXCEEDED').fault.retryAfterMs).toBeUndefined();
  });
});

describe('a decoded answer', () => {
  it('is the result, with where paging goes on, the operating time and the portal’s own times', () => {
    const time = { start: 1, operating: 1.5, operating_reset_at: Math.floor(now / 1000) + 60 };
    const envelope = { result: [], total: 70, next: 50, time };
    expect(decode(JSON.stringify(envelope))).toEqual({
      envelope,
      ok: true,
      value: [],
      total: 70,
      next: 50,
      operating: { usedSeconds: 1.5, resetAtMs: (Math.floor(now / 1000) + 60) * 1000 },
      timing: { queueMs: 0, upstreamMs: 5 },
      time,
    });
  });

  it('is a refusal when it has an error, also under HTTP 200 and beside a result', () => {
    expect(decode('{"error":0,"error_description":"Backlog not found"}')).toMatchObject({
      ok: false,
      fault: { code: 'backlog_not_found' },
    });
    expect(decode('{"error":"","result":{}}')).toMatchObject({ ok: false });
  });

  it('rejects the request when it failed as a whole', () => {
    expect(() => decode('{"error":"expired_token"}', 401)).toThrow(
      expect.objectContaining({ retryReason: 'token_refused' }),
    );
    for (const body of ['', '<html>', '{"result":']) {
      for (const status of [302, 404, 502, 503, 504])
        expect(() => decode(body, status)).toThrow(expect.objectContaining({ code: 'portal_error' }));
    }
  });

  it("is nothing but this call's own failure when the portal took the call and answered with no readable object", () => {
    for (const body of [
      '',
      '<html>',
      '%PDF-1.7',
      '<?xml version="1.0"?><response/>',
      '[]',
      'null',
      '"x"',
      '{"result":',
    ])
      expect(decode(body)).toMatchObject({ ok: false, fault: { code: 'portal_error' } });
  });

  it('may write its numbers as text, exactly or with an exponent', () => {
    expect(decode('{"result":[],"total":"70","next":"50"}')).toMatchObject({ total: 70, next: 50 });
    expect(decode('{"result":[],"total":7e1,"next":50.0}')).toMatchObject({ total: 70, next: 50 });
    expect(decode('{"result":[],"total":"many","next":null}')).not.toHaveProperty('next');
  });

  it('may come without `result`, and is given whole', () => {
    expect(decode('{"vats":[],"total":1,"time":{"start":1}}')).toEqual({
      ok: true,
      envelope: { vats: [], total: 1, time: { start: 1 } },
      ...{ value: { vats: [], total: 1 }, whole: true, total: 1 },
      ...{ timing: { queueMs: 0, upstreamMs: 5 }, time: { start: 1 } },
    });
    expect(decode('{"status":"success","data":true,"errors":[]}')).toMatchObject({
      value: { status: 'success', data: true, errors: [] },
    });
    expect(decode('{"result":null}')).toMatchObject({ ok: true, value: null });
    expect(decode('{}')).toMatchObject({ ok: true, value: {} });
  });

  it("is nothing but this call's own failure when it is nested deeper than PHP writes", () => {
    const nested = (levels: number) => `{"result":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(decode(nested(20_000))).toMatchObject({ ok: false, fault: { code: 'portal_error' } });
    expect(decode(nested(512))).toMatchObject({ ok: false });
    expect(decode(nested(511))).toMatchObject({ ok: true });
    expect(decode(JSON.stringify({ result: `"\\${'['.repeat(20_000)}` }))).toMatchObject({ ok: true });
  });

  it('says the words of an error that is an object', () => {
    const error = { code: 'BITRIX_REST_V3_EXCEPTION', message: 'Unknown field' };
    expect(decode(JSON.stringify({ error }), 400)).toMatchObject({
      fault: { upstream: { error: error.code, description: error.message, said: { error } } },
    });
  });

  it('is no answer unless the status says that the call was taken', () => {
    for (const status of [404, 500, 503])
      expect(decode('{"result":{"id":1}}', status)).toMatchObject({ ok: false, fault: { code: 'portal_error' } });
    expect(() => decode('{"result":{"id":1}}', 302)).toThrow(expect.objectContaining({ retryReason: 'moved' }));
    expect(() => decode('', 302)).toThrow(/redirect/);
    expect(() => decode('<html>', 503)).toThrow(/status 503/);
  });

  it('says nothing of operating time that is no number, or of a reset that is not near', () => {
    const operating = (time: string) => decode(`{"result":1,"time":${time}}`).operating;
    for (const time of ['null', '[]', '{}', '{"operating":"1"}', '{"operating":1e999}'])
      expect(operating(time)).toBeUndefined();
    for (const resetAt of ['1e999', '-1e999', '1e300', '0', '"soon"', 'null'])
      expect(operating(`{"operating":1,"operating_reset_at":${resetAt}}`)).toEqual({ usedSeconds: 1 });
  });

  it("keeps the vendor's words as text, however they came, and not more of them than anyone reads", () => {
    const words = (error: string, description = '""') => {
      const answer = decode(`{"error":${error},"error_description":${description}}`, 400);
      return answer.ok ? undefined : answer.fault.upstream;
    };
    expect(['0', '"0"', '""', '100', 'null', '{"code":[]}'].map((error) => words(error)?.error)).toEqual([
      '0',
      '0',
      '',
      '100',
      '',
      '',
    ]);
    expect(words('0', 'null')?.description).toBe('');
    expect(words('0', JSON.stringify('x'.repeat(9000)))?.description).toHaveLength(500);
  });
});
