import { Fault } from '@b24/portal';
import { problemOf } from './problem';

const pageOf = (method: string, error: string) => {
  const fault = new Fault('rejected_by_portal', { upstream: { method, status: 400, error, description: 'No.' } });
  return problemOf(fault, 'r-1', 'read').upstream;
};

describe('the problem of a portal’s refusal', () => {
  it('leads to the vendor’s page if that documents the code', () => {
    expect(pageOf('crm.deal.contact.add', 'ACCESS_DENIED')?.page).toMatch(
      /^https:\/\/apidocs\.bitrix24\.com\/.*crm-deal-contact-add\.html$/,
    );
  });

  it.each([
    ['crm.deal.contact.add', 'ANOTHER_CODE'],
    ['partner.thing.get', 'ACCESS_DENIED'],
    ['crm.deal.contact.add', ''],
  ])('leads to none for %s and %j', (method, error) => {
    expect(pageOf(method, error)).toEqual({ method, status: 400, error, description: 'No.' });
  });
});
