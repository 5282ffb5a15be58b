import { Fault, type FaultCode, type FaultOptions, faultTable, type VendorResponse } from '@b24/portal';
import { classifyWriteFailure, mayRunForMs } from './write-failure';

const upstream = (options: Partial<VendorResponse> = {}): VendorResponse => ({
  method: 'm',
  status: 400,
  error: 'ERROR',
  description: '',
  ...options,
});
const codes = Object.keys(faultTable) as FaultCode[];

describe('the failure of a write', () => {
  it.each<[what: string, code: FaultCode, options: FaultOptions, kind: string]>([
    ['a portal’s error on the write', 'access_denied', { upstream: upstream() }, 'refused'],
    ['the gateway’s own denial', 'access_denied', {}, 'not_done'],
    ['an answer that was too large', 'answer_too_large', {}, 'refused'],
    ['an answer that was too large, of the portal', 'answer_too_large', { upstream: upstream() }, 'refused'],
    ['a full queue', 'queue_full', {}, 'not_done'],
    ['a full queue, with an error of the portal', 'queue_full', { upstream: upstream() }, 'not_done'],
    ['a plan that does not allow it', 'portal_payment_required', { upstream: upstream() }, 'not_done'],
    ['a permission that is missing', 'insufficient_scope', { upstream: upstream() }, 'not_done'],
    ['a grant that was withdrawn', 'reauthorization_required', { upstream: upstream() }, 'not_done'],
    ['a deleted portal', 'portal_deleted', { upstream: upstream() }, 'not_done'],
    ['an uninstalled app', 'portal_uninstalled', { upstream: upstream() }, 'not_done'],
    ['a list that changed', 'list_changed', {}, 'lost'],
    ['an outcome that is unknown', 'outcome_unknown', {}, 'lost'],
    ['an unexpected error', 'internal_error', {}, 'lost'],
    ['an unreadable answer', 'portal_error', {}, 'lost'],
    ['an error of the portal', 'portal_error', { upstream: upstream({ status: 500 }) }, 'lost'],
    ['status 299', 'portal_error', { upstream: upstream({ status: 299 }) }, 'lost'],
    ['a redirect', 'portal_error', { upstream: upstream({ status: 300 }) }, 'not_done'],
    ['the last redirect', 'portal_error', { upstream: upstream({ status: 399 }) }, 'not_done'],
    ['status 400', 'portal_error', { upstream: upstream({ status: 400 }) }, 'lost'],
    ['a call without HTTPS', 'portal_error', { upstream: upstream({ error: 'invalid_request' }) }, 'not_done'],
    [
      'a call without HTTPS, in capitals',
      'portal_error',
      { upstream: upstream({ error: 'INVALID_REQUEST' }) },
      'not_done',
    ],
    ['a redirect of another code', 'outcome_unknown', { upstream: upstream({ status: 302 }) }, 'lost'],
  ])('by %s (%s %j) is %s', (_what, code, options, kind) => {
    expect(classifyWriteFailure(new Fault(code, options))).toBe(kind);
  });

  it.each(codes)('by %s with a reason to retry is not done', (code) => {
    expect(classifyWriteFailure(new Fault(code, { retryReason: 'bucket_full', upstream: upstream() }))).toBe(
      'not_done',
    );
  });

  it.each(codes.filter((code) => faultTable[code].retry === 'safe'))(
    'by %s, which is safe to retry, is not done',
    (code) => {
      const expected = code === 'answer_too_large' ? 'refused' : 'not_done';
      expect(classifyWriteFailure(new Fault(code, { upstream: upstream() }))).toBe(expected);
    },
  );
});

describe('a lost write may still be executed', () => {
  const limitMs = 30_000;

  it.each<[what: string, code: FaultCode, options: FaultOptions, expectedMs: number]>([
    ['for the limit of a call, without an answer', 'outcome_unknown', {}, limitMs],
    [
      'for the limit of a call, after an error page of the front end',
      'portal_error',
      { upstream: upstream({ error: '' }) },
      limitMs,
    ],
    ['no longer, after an error of the portal', 'portal_error', { upstream: upstream() }, 0],
    ['no longer, after an unreadable answer', 'portal_error', {}, 0],
    [
      'for the limit of a call, if another code has an error of the portal',
      'internal_error',
      { upstream: upstream() },
      limitMs,
    ],
    ['for as long as the fault says', 'outcome_unknown', { mayRunForMs: 7 }, 7],
    ['no longer if the fault says so', 'outcome_unknown', { mayRunForMs: 0 }, 0],
  ])('%s', (_what, code, options, expectedMs) => {
    expect(mayRunForMs(new Fault(code, options), limitMs)).toBe(expectedMs);
  });
});
