import { faultCodes, systemClock } from '@b24/portal';
import { decodeCall } from './call-codec';
import { translate } from './translate';
import { refusalSentences, vendorErrors } from './vendor-errors';

const now = systemClock.now();
const command = { method: 'm', params: {}, effect: 'read' as const };
const said = (error: string, description = '', status = 400) =>
  translate({ method: 'm', status, error, description }, undefined, now);
const decode = (body: string, status = 200) => decodeCall(command, { status, body }, 5, now);

describe('the translation of the vendor’s errors', () => {
  it('knows every code in any case, whatever the HTTP status', () => {
    for (const [error, { code }] of Object.entries(vendorErrors)) {
      for (const status of [200, 400, 503]) {
        expect(said(error, '', status).fault.code).toBe(code);
        expect(said(error.toUpperCase(), '', status).fault.code).toBe(code);
      }
      expect(faultCodes).toContain(code);
    }
  });

  it('knows every sentence in any case and with a suffix behind it', () => {
    for (const [sentence, code] of refusalSentences) {
      expect(said('0', sentence).fault.code).toBe(code);
      expect(said('', `${sentence.toUpperCase()} (x)`).fault.code).toBe(code);
    }
  });

  it('goes by the code before the sentence', () => {
    expect(said('expired_token', 'Access denied').fault.code).toBe('reauthorization_required');
  });

  it('takes an unknown refusal for the portal’s word, and an unknown failure for a failure', () => {
    expect(said('WHO_KNOWS', 'x', 400).fault.code).toBe('rejected_by_portal');
    expect(said('WHO_KNOWS', 'x', 500).fault.code).toBe('portal_error');
    expect(said('constructor', '__proto__').fault.code).toBe('rejected_by_portal');
  });

  it('lets only what was certainly not carried out go again', () => {
    const again = Object.entries(vendorErrors).filter(([, it]) => it.again);
    expect(again.map(([code]) => code).sort()).toEqual([
      'connection_error',
      'expired_token',
      'invalid_credentials',
      'invalid_token',
      'no_auth_found',
      'query_limit_exceeded',
      'wrong_auth_type',
    ]);
  });
});

describe('a decoded answer', () => {
  it('is the result, with where paging goes on and the operating time', () => {
    const time = { start: 1, operating: 1.5, operating_reset_at: Math.floor(now / 1000) + 60 };
    expect(decode(JSON.stringify({ result: [], total: 70, next: 50, time }))).toEqual({
      ok: true,
      value: [],
      total: 70,
      next: 50,
      operating: { usedSeconds: 1.5, resetAtMs: (Math.floor(now / 1000) + 60) * 1000 },
      spent: { queueMs: 0, upstreamMs: 5 },
    });
  });

  it('is a refusal when it has an error, also under HTTP 200 and beside a result', () => {
    expect(decode('{"error":0,"error_description":"Backlog not found"}')).toMatchObject({
      ok: false,
      fault: { code: 'backlog_not_found' },
    });
    expect(decode('{"error":"","result":{}}')).toMatchObject({ ok: false });
  });

  it('rejects the trip when the request as a whole failed', () => {
    expect(() => decode('{"error":"expired_token"}', 401)).toThrow(expect.objectContaining({ again: 'token_refused' }));
    for (const body of ['', '<html>', '[]', 'null', '"x"', '{}', '{"result":']) {
      expect(() => decode(body)).toThrow(expect.objectContaining({ code: 'portal_error' }));
    }
  });
});
