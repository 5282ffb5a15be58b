import { GatewayClient } from '../../../libs/client/src';

const b24 = new GatewayClient({ baseUrl: 'http://gw', key: 'k' });
const portal = b24.portal('acme');

// @ts-expect-error an id is no text
void portal.call('crm.deal.get', { id: 'first' });
// @ts-expect-error an id is no flag
void portal.call('crm.deal.get', { id: true });
// @ts-expect-error the id is missing
void portal.call('crm.deal.get', {});
// @ts-expect-error the parameters are missing
void portal.call('crm.deal.get');
// @ts-expect-error a filter is no text
void portal.call('crm.deal.list', { filter: 'STAGE_ID=NEW' });
// @ts-expect-error a filter is no list
void portal.call('crm.deal.list', { filter: ['NEW'] });
// @ts-expect-error a selection is a list
void portal.call('crm.deal.list', { select: 'ID' });
// @ts-expect-error this method takes its parameters by name
void portal.call('crm.deal.list', ['ID']);
// @ts-expect-error a title is text
void portal.call('crm.deal.add', { fields: { TITLE: 5 } });
// @ts-expect-error a required field of an object is missing
void portal.call('crm.timeline.comment.add', { fields: { ENTITY_ID: 1, COMMENT: 'A' } });
// @ts-expect-error parameters are an object or a list
void portal.call('acme.stock.count', 5);
// @ts-expect-error this method returns no list
void portal.list('crm.deal.add', { fields: {} });
// @ts-expect-error the type of the items is missing
void portal.list('crm.item.list');
// @ts-expect-error an id is no flag
void portal.batch([{ method: 'crm.deal.get', params: { id: true } }]);
// @ts-expect-error the parameters of the command are missing
void portal.batch([{ method: 'crm.deal.list' }, { method: 'crm.deal.get' }]);
// @ts-expect-error an id is no flag
void b24.portals('all').call('crm.deal.get', { id: true });
// @ts-expect-error portals are all, a tag, or a list of names
void b24.portals({ name: 'acme' }).callAsJob('crm.deal.list');
// @ts-expect-error the result is a list of records
void portal.call('crm.deal.list').then(({ result }) => result.ID);
// @ts-expect-error an id is returned as a number
void portal.call('crm.deal.add', {}).then(({ result }) => result.length);
