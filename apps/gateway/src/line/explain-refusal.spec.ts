import { Fault } from '@b24/portal';
import { explainRefusal } from './explain-refusal';

const command = (method: string) => ({ method, params: {}, effect: 'read' }) as const;

describe('a refusal of a portal', () => {
  it('names similar methods for a name that neither the portal nor the catalog knows', () => {
    const fault = new Fault('method_not_found', { detail: 'Method not found!' });
    const { code, message, suggestions } = explainRefusal(command('crm.deals.list'), fault);
    expect({ code, message, suggestions }).toMatchObject({ code: 'method_not_found', message: 'Method not found!' });
    expect(suggestions?.[0]).toBe('crm.deal.list');
  });

  it('names no other method for one that exists elsewhere, or that resembles none', () => {
    const fault = new Fault('method_not_found');
    for (const name of ['crm.deal.list', 'Quite.another.thing'])
      expect(explainRefusal(command(name), fault)).toBe(fault);
  });

  it('names the permission that a known method needs', () => {
    const fault = new Fault('insufficient_scope');
    expect(explainRefusal(command('user.get'), fault).message).toMatch(/`user` or `user_brief` or `user_basic`\.$/);
    expect(explainRefusal(command('partner.thing.get'), fault)).toBe(fault);
  });

  it('is as it was for other faults and for version 3', () => {
    const fault = new Fault('access_denied');
    expect(explainRefusal(command('crm.deals.list'), fault)).toBe(fault);
    const unknown = new Fault('method_not_found');
    expect(explainRefusal({ ...command('crm.deals.list'), v3: { body: {} } }, unknown)).toBe(unknown);
  });
});
