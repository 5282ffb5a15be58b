import { type Answer, Fault, type FaultCode, type PortalId } from '@b24/portal';
import { type GrantedPermissions, MissingPermissions } from './missing-permissions';

const portal = 'p'.repeat(32) as PortalId;
const installedAtMs = 1_000;
const withoutCrm: GrantedPermissions = { kind: 'app', installedAtMs, scope: ['task'] };
const withCrm: GrantedPermissions = { kind: 'app', installedAtMs, scope: ['task', 'crm'] };
const command = (method: string) => ({ method, params: {}, effect: 'read' }) as const;

const refusalOf = (code: FaultCode = 'insufficient_scope'): Answer => ({
  ok: false,
  fault: new Fault(code),
  timing: { queueMs: 0, upstreamMs: 1 },
});

describe('MissingPermissions', () => {
  let nowMs: number;
  let missing: MissingPermissions;
  const learn = (method: string, granted?: GrantedPermissions, code: FaultCode = 'insufficient_scope') =>
    missing.learn(portal, command(method), refusalOf(code), granted);
  const check = (method: string, granted?: GrantedPermissions, of = portal) => {
    try {
      missing.check(of, command(method), granted);
      return 'sent';
    } catch (error) {
      return (error as Fault).code;
    }
  };

  beforeEach(() => {
    nowMs = 50_000;
    missing = new MissingPermissions({ now: () => nowMs });
  });

  it('refuses the same method for a minute, whatever the grant lists', () => {
    learn('crm.deal.list', withCrm);
    nowMs += 59_999;
    expect(check('CRM.deal.list', withCrm)).toBe('insufficient_scope');
    nowMs += 1;
    expect(check('crm.deal.list', withCrm)).toBe('sent');
  });

  it('refuses another method of the permission only if the grant does not list it either', () => {
    learn('crm.deal.list', withoutCrm);
    expect(check('crm.lead.list', withoutCrm)).toBe('insufficient_scope');
    expect(check('crm.lead.list', withCrm)).toBe('sent');
    expect(check('tasks.task.list', withoutCrm)).toBe('sent');
  });

  it('refuses no other method of a webhook, whose permissions change without notice', () => {
    const webhook: GrantedPermissions = { ...withoutCrm, kind: 'webhook' };
    learn('crm.deal.list', webhook);
    expect(check('crm.lead.list', webhook)).toBe('sent');
    expect(check('crm.deal.list', webhook)).toBe('insufficient_scope');
  });

  it('takes no method that the catalog does not know for one of the same permission', () => {
    learn('partner.thing.get', withoutCrm);
    expect(check('partner.other.get', withoutCrm)).toBe('sent');
    expect(check('partner.thing.get', withoutCrm)).toBe('insufficient_scope');
  });

  it.each([
    ['another portal', 'q'.repeat(32) as PortalId, withoutCrm],
    ['a new grant', portal, { ...withoutCrm, installedAtMs: 2_000 }],
    ['a grant that has to be read first', portal, undefined],
  ])('refuses nothing for %s', (_what, of, granted) => {
    learn('crm.deal.list', withoutCrm);
    expect(check('crm.deal.list', granted, of)).toBe('sent');
  });

  it('learns from this fault of this kind of call only', () => {
    learn('crm.deal.list', withoutCrm, 'access_denied');
    missing.learn(portal, { ...command('crm.lead.list'), v3: { body: {} } }, refusalOf(), withoutCrm);
    const inside = [{ name: 'a', method: 'crm.lead.list' }];
    missing.learn(portal, { ...command('batch'), inside }, refusalOf(), withoutCrm);
    for (const method of ['crm.deal.list', 'crm.lead.list', 'batch']) expect(check(method, withoutCrm)).toBe('sent');
  });

  it('names the permission, and when it asks the portal next', () => {
    learn('crm.deal.list', withoutCrm);
    nowMs += 20_500;
    const refused = () => missing.check(portal, command('crm.lead.list'), withoutCrm);
    expect(refused).toThrow(/crm\.lead\.list needs the permission `crm`\..*nothing was sent.*after 40 s/);
  });

  it('forgets the oldest refusals first, and holds 10,000', () => {
    learn('crm.deal.list', withoutCrm);
    for (let i = 0; i < 10_000; i++) learn(`partner.m${i}.get`, withoutCrm);
    expect(check('crm.deal.list', withoutCrm)).toBe('sent');
    expect(check('partner.m0.get', withoutCrm)).toBe('insufficient_scope');
  });
});
