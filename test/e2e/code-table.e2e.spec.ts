import type { FaultCode } from '@b24/portal';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { type HttpClient, type HttpReply, World } from '../support/gateway';

type VendorError = Parameters<SimulatedPortal['faults']['next']>;
type CodeKind = VendorError[0];

/** The vendor's code, the statuses it comes with, and what a read and a write are told. */
type CodeRow = readonly [kind: CodeKind, statuses: readonly number[], status: number, code: FaultCode, times?: number];

/** Of every method, the gateway's own `profile` among them; otherwise the refusal is one command's own. */
const always = 50;
const rows: readonly CodeRow[] = [
  ['QUERY_LIMIT_EXCEEDED', [503], 200, 'ok' as FaultCode, 1],
  ['OVERLOAD_LIMIT', [503], 503, 'portal_overloaded'],
  ['OVERLOAD_LIMIT', [503], 503, 'portal_overloaded', always],
  ['OPERATION_TIME_LIMIT', [429], 429, 'operating_time_spent'],
  ['expired_token', [401], 200, 'ok' as FaultCode, 1],
  ['invalid_token', [401], 200, 'ok' as FaultCode, 1],
  ['expired_token', [401], 200, 'ok' as FaultCode, 2],
  ['invalid_token', [401], 200, 'ok' as FaultCode, 2],
  ['expired_token', [401], 409, 'reauthorization_required', always],
  ['CONNECTION_ERROR', [401], 200, 'ok' as FaultCode, 1],
  ['CONNECTION_ERROR', [401], 503, 'portal_overloaded', always],
  ['NO_AUTH_FOUND', [401, 403], 422, 'rejected_by_portal'],
  ['NO_AUTH_FOUND', [401, 403], 409, 'reauthorization_required', always],
  ['INVALID_CREDENTIALS', [401, 403], 403, 'access_denied'],
  ['INVALID_CREDENTIALS', [401], 409, 'reauthorization_required', always],
  ['INVALID_CREDENTIALS', [403], 403, 'access_denied', always],
  ['WRONG_AUTH_TYPE', [401, 403], 403, 'access_denied'],
  ['WRONG_AUTH_TYPE', [401, 403], 403, 'access_denied', always],
  ['authorization_error', [401, 403], 403, 'access_denied'],
  ['authorization_error', [401], 409, 'reauthorization_required', always],
  ['authorization_error', [403], 403, 'access_denied', always],
  ['user_access_error', [401, 403], 403, 'access_denied'],
  ['user_access_error', [401, 403], 409, 'reauthorization_required', always],
  ['insufficient_scope', [401, 403], 403, 'insufficient_scope'],
  ['ACCESS_DENIED', [401, 403], 402, 'portal_payment_required'],
  ['ACCESS_DENIED', [401, 403], 402, 'portal_payment_required', always],
  ['PAYMENT_REQUIRED', [401, 403], 402, 'portal_payment_required'],
  ['PAYMENT_REQUIRED', [401, 403], 402, 'portal_payment_required', always],
  ['verification_needed', [401, 403], 402, 'portal_payment_required'],
  ['verification_needed', [401, 403], 402, 'portal_payment_required', always],
  ['APPLICATION_NOT_FOUND', [401], 422, 'rejected_by_portal'],
  ['APPLICATION_NOT_FOUND', [401], 410, 'portal_uninstalled', always],
  ['ERROR_OAUTH', [401], 422, 'rejected_by_portal'],
  ['ERROR_OAUTH', [401], 410, 'portal_uninstalled', always],
  ['NOT_INSTALLED', [401], 422, 'rejected_by_portal'],
  ['NOT_INSTALLED', [401], 410, 'portal_uninstalled', always],
  ['METHOD_CONFIRM_WAITING', [401], 403, 'access_denied'],
  ['METHOD_CONFIRM_DENIED', [403], 403, 'access_denied'],
  ['ERROR_METHOD_NOT_FOUND', [404], 404, 'method_not_found'],
  ['INVALID_REQUEST', [400], 502, 'portal_error'],
  ['ERROR_ARGUMENT', [400], 422, 'rejected_by_portal'],
  ['ERROR_CORE', [400], 422, 'rejected_by_portal'],
  ['error-0', [400, 200], 422, 'rejected_by_portal'],
  ['error-"0"', [400], 422, 'rejected_by_portal'],
  ['error-empty', [400], 422, 'rejected_by_portal'],
  ['error-100', [400], 422, 'rejected_by_portal'],
  ['error-"100"', [400], 422, 'rejected_by_portal'],
  ['ERROR_MANIFEST_IS_NOT_AVAILABLE', [404], 422, 'rejected_by_portal'],
  ['INTERNAL_SERVER_ERROR', [500], 502, 'portal_error'],
  ['ERROR_UNEXPECTED_ANSWER', [500], 502, 'portal_error'],
  ['PORTAL_DELETED', [500, 403, 410], 422, 'rejected_by_portal'],
  ['PORTAL_DELETED', [500, 403, 410], 410, 'portal_deleted', always],
  ['huge', [200], 502, 'answer_too_large'],
  ['html', [200, 403, 404, 502, 503, 504], 502, 'portal_error'],
  ['empty', [200, 502], 502, 'portal_error'],
  ['redirect', [302], 502, 'portal_error'],
  ['truncated', [200], 502, 'portal_error'],
  ['cut-before', [200], 504, 'no_answer'],
  ['cut-after', [200], 504, 'no_answer'],
  ['result-missing', [200], 502, 'portal_error'],
  ['result-null', [200], 502, 'portal_error'],
  ['json-array', [200], 502, 'portal_error'],
  ['json-null', [200], 502, 'portal_error'],
  ['json-text', [200], 502, 'portal_error'],
];
/** A read whose answer is lost is sent twice. */
const lost = new Set(['portal_error', 'no_answer']);
const cases = rows.flatMap(([kind, statuses, status, code, times]) =>
  statuses.map((sent) => ({ kind, sent, status, code, times: times ?? (lost.has(code) ? 2 : 1) })),
);

describe('the code table', () => {
  let world: World;
  let client: HttpClient;
  const wide = { burst: 1000, drainPerSecond: 100 };
  const portals = () =>
    world.installed(client, { ...wide, backlogs: [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }] });
  /* eslint-disable @typescript-eslint/no-explicit-any -- tests look into whatever came */
  const read = ({ memberId }: SimulatedPortal): Promise<HttpReply<any>> =>
    client.get(`/v1/portals/${memberId}/groups/125/backlog`);
  const write = ({ memberId }: SimulatedPortal): Promise<HttpReply<any>> =>
    client.call('PATCH', `/v1/portals/${memberId}/backlogs/1`, { modifiedBy: 6 });

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
  });
  afterAll(() => world.stop());

  it.each(cases)(
    'tells $kind with HTTP $sent, $times times, as $status $code',
    async ({ kind, sent, status, code, times }) => {
      const portal = await portals();
      portal.faults.next(kind, { times, ...(kind.startsWith('cut') || kind === 'truncated' ? {} : { status: sent }) });
      const reply = await read(portal);
      expect([reply.status, status === 200 ? 'ok' : reply.body.code]).toEqual([status, code]);
      if (status === 200) return;
      expect(reply.headers.get('content-type')).toContain('application/problem+json');
      expect(reply.body.requestId).toBe(reply.headers.get('x-request-id'));
      expect(reply.headers.has('retry-after')).toBe(status === 429 || status === 503);
    },
    60_000,
  );

  it.each(['INTERNAL_SERVER_ERROR', 'html', 'cut-after', 'truncated'] as const)(
    'says that a read may be made again after %s, and a write may not',
    async (kind) => {
      const portal = await portals();
      portal.faults.next(kind, { times: 3, ...(kind === 'html' && { status: 502 }) });
      expect((await read(portal)).body.retryable).toBe(true);
      expect((await write(portal)).body.retryable).toBe(false);
    },
  );

  it.each(['cut-before', 'cut-after', 'truncated', 'json-null', 'empty'] as const)(
    'reads once more after %s',
    async (kind) => {
      const portal = await portals();
      portal.faults.next(kind, { times: 1, ...(kind === 'empty' && { status: 200 }) });
      expect((await read(portal)).status).toBe(200);
      expect(portal.requests.filter(({ method }) => method.endsWith('get'))).toHaveLength(2);
    },
  );

  it('never sends a write again that may still be carried out', async () => {
    const portal = await portals();
    portal.faults.next('cut-after', { times: 1 });
    expect((await write(portal)).body.code).toBe('outcome_unknown');
    expect(portal.requests.filter(({ method }) => method.endsWith('update'))).toHaveLength(1);
  });

  it("passes the portal's own words on", async () => {
    const portal = await portals();
    portal.faults.next('error-0', { description: 'Something else went wrong' });
    expect((await read(portal)).body.upstream).toEqual({
      method: 'tasks.api.scrum.backlog.get',
      status: 400,
      error: '0',
      description: 'Something else went wrong',
      page: expect.stringMatching(/tasks-api-scrum-backlog-get\.html$/) as string,
    });
  });

  it("comes back when the vendor's own reset says so", async () => {
    const portal = await portals();
    portal.operating.charge('tasks.api.scrum.backlog.get', 300);
    expect((await read(portal)).status).toBe(200);
    portal.operating.charge('tasks.api.scrum.backlog.get', 300);
    const reply = await read(portal);
    expect(reply).toMatchObject({ status: 429, body: { code: 'operating_time_spent', retryable: true } });
    const seconds = Number(reply.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(60);
    expect(seconds).toBeLessThanOrEqual(600);
  });

  it('says that a call which waited past its deadline was never sent, and does not send it', async () => {
    const portal = await world.installed(client, wide);
    world.simulator.oauth.faults.next('slow', { method: 'refresh_token', delayMs: 1000 });
    portal.expireAccessTokens();
    const path = `/v1/portals/${portal.memberId}/backlogs/fields`;
    // The wait is for the refresh; the portal has not been asked.
    const redis = world.redis.client();
    await redis.hset(`b24:{${portal.memberId}}:grant`, 'expiresAtMs', '1');
    redis.disconnect();
    const reply = await client.get(path, { 'X-Deadline-Ms': '200' });
    expect(reply).toMatchObject({ status: 504, body: { code: 'deadline_exceeded', retryable: true } });
    expect(portal.requests).toEqual([]);
  });

  it('says that the outcome is unknown when the deadline passes after the call was sent', async () => {
    const portal = await portals();
    portal.faults.next('hang', {});
    const path = `/v1/portals/${portal.memberId}/backlogs/1`;
    const reply = await client.call('PATCH', path, { modifiedBy: 6 }, { 'X-Deadline-Ms': '300' });
    expect(reply).toMatchObject({ status: 504, body: { code: 'outcome_unknown', retryable: false } });
  });

  it('says that a portal which takes no connection was not asked', async () => {
    const portal = await portals();
    await portal.stop();
    const reply = await write(portal);
    expect(reply).toMatchObject({ status: 502, body: { code: 'portal_unreachable', retryable: true } });
  });

  it('says what is wrong with the authorization server', async () => {
    const codes: [Parameters<typeof world.simulator.oauth.faults.next>[0], number, FaultCode][] = [
      ['invalid_grant', 409, 'reauthorization_required'],
      ['wrong_client', 502, 'authorization_server_error'],
      ['invalid_client', 502, 'authorization_server_error'],
      ['PAYMENT_REQUIRED', 402, 'portal_payment_required'],
      ['NOT_INSTALLED', 410, 'portal_uninstalled'],
      ['other-member', 502, 'authorization_server_error'],
    ];
    for (const [kind, status, code] of codes) {
      const portal = await portals();
      const redis = world.redis.client();
      await redis.hset(`b24:{${portal.memberId}}:grant`, 'expiresAtMs', '1');
      redis.disconnect();
      world.simulator.oauth.faults.next(kind, { method: 'refresh_token', memberId: portal.memberId });
      const reply = await read(portal);
      expect([kind, reply.status, reply.body.code]).toEqual([kind, status, code]);
      if (code === 'reauthorization_required') expect(reply.body.authorizeUrl).toContain('/install?portal=');
    }
  }, 60_000);

  it('rides out passing trouble of the authorization server without a word', async () => {
    const portal = await portals();
    portal.expireAccessTokens();
    world.simulator.oauth.faults.next('INTERNAL_SERVER_ERROR', { method: 'refresh_token' });
    expect((await read(portal)).status).toBe(200);
  });
});
