import type { PortalRecord } from '@b24/grants';
import { portalId } from '@b24/portal';
import { explainStatus } from './explain-status';

const record = {
  portal: portalId('a'.repeat(32)),
  domain: 'acme.bitrix24.de',
  kind: 'app',
  scope: ['task'],
  installedAtMs: 0,
} as unknown as PortalRecord;
const idle = { waiting: 0, inFlight: 0, left: 46, capacity: 46, commandsPerRequest: 1, circuit: 'closed' } as const;
const settings = { publicUrl: 'https://gw.example.com', plan: { burst: 50, drainPerSecond: 2 } };
const explain = (more: Partial<PortalRecord> = {}, queue: object = {}) =>
  explainStatus(
    { ...record, ...more },
    { ...idle, ...queue } as unknown as Parameters<typeof explainStatus>[1],
    [],
    settings,
  );
const issue = (code: string) =>
  ({ issue: { code, detail: 'As the portal said.', sinceMs: 0 } }) as unknown as Partial<PortalRecord>;

describe('the status of a portal, explained', () => {
  it('says of a portal that can be called how many calls wait, or that it keeps failing', () => {
    expect(explain()).toMatchObject({ status: 'active', isCallable: true, advice: 'Calls pass.' });
    expect(explain({}, { waiting: 7 })).toMatchObject({ advice: expect.stringContaining('7 wait') });
    expect(explain({}, { circuit: 'open' })).toMatchObject({ advice: expect.stringContaining('keeps failing') });
  });

  it('says since when and why another cannot, and where its administrator authorizes it', () => {
    const lost = explain(issue('reauthorization_required'));
    expect(lost).toMatchObject({
      ...{ status: 'reauthorization_required', isCallable: false, why: 'As the portal said.' },
      since: '1970-01-01T00:00:00.000Z',
      authorizeUrl: 'https://gw.example.com/install?portal=acme.bitrix24.de',
    });
    const ofApp = { ...issue('portal_uninstalled'), app: 'a_5f2b8c1d9e0a7b64' } as Partial<PortalRecord>;
    expect(explain(ofApp)).toMatchObject({
      authorizeUrl: 'https://gw.example.com/install/a_5f2b8c1d9e0a7b64?portal=acme.bitrix24.de',
    });
  });

  it('has no such link for what no administrator of the portal can change, nor for a webhook', () => {
    for (const more of [{}, { suspended: true }, issue('portal_payment_required'), { waitingSinceMs: 0 }])
      expect(explain(more)).not.toHaveProperty('authorizeUrl');
    const webhook = { ...issue('reauthorization_required'), kind: 'webhook' } as Partial<PortalRecord>;
    expect(explain(webhook)).not.toHaveProperty('authorizeUrl');
  });
});
