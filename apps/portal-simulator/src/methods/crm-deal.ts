import { toInt, toText } from '../bind-parameter';
import type { CrmRow } from '../crm-store';
import { type MethodContext, type MethodTable, VendorPage } from '../method-context';
import { isMap } from '../php-input';
import { VendorRefusal } from '../vendor-refusal';
import { type Columns, rowsOf } from './page-of';

const pageSize = 50;
const columns: Columns<CrmRow> = { ID: 'ID', TITLE: 'TITLE', STAGE_ID: 'STAGE_ID', OPPORTUNITY: 'OPPORTUNITY' };

/** `crm.deal.*` of the vendor's documentation: values are strings, unknown fields are passed over in silence. */
export const crmDealMethods: MethodTable = {
  'crm.deal.list': { scope: 'crm', run: list },
  'crm.deal.get': { scope: 'crm', run: ({ portal, params }) => ({ ...dealOf({ portal, params }) }) },
  'crm.deal.add': { scope: 'crm', writes: true, run: ({ portal, params }) => portal.crm.addDeal(fieldsOf(params)) },
  'crm.deal.update': { scope: 'crm', writes: true, run: update },
  'crm.deal.delete': { scope: 'crm', writes: true, run: remove },
};

/** 50 a page by `start`; `start: -1` leaves out the count, and with it `total` and `next`. */
function list({ portal, params }: MethodContext): unknown {
  const filter = known(params['filter'], (key) => key.replace(/^[=!<>@%]+/, ''));
  const rows = rowsOf([...portal.crm.deals.values()], columns, { filter, order: known(params['order']) });
  const start = toInt(params['start']);
  const page = rows.slice(Math.max(0, start), Math.max(0, start) + pageSize).map((row) => selected(row, params));
  if (start < 0) return page;
  return new VendorPage(page, rows.length, rows.length > start + pageSize ? start + pageSize : undefined);
}

function known(map: unknown, columnIn = (key: string) => key): Record<string, unknown> {
  if (!isMap(map)) return {};
  return Object.fromEntries(Object.entries(map).filter(([key]) => Object.hasOwn(columns, columnIn(key))));
}

function selected(row: CrmRow, params: MethodContext['params']): CrmRow {
  const wanted = params['select'];
  const names = Array.isArray(wanted) ? wanted.map(toText) : isMap(wanted) ? Object.values(wanted).map(toText) : [];
  if (names.length === 0 || names.includes('*')) return { ...row };
  return Object.fromEntries(Object.entries(row).filter(([name]) => names.includes(name)));
}

function update({ portal, params }: MethodContext): boolean {
  Object.assign(dealOf({ portal, params }), fieldsOf(params));
  return true;
}

function remove({ portal, params }: MethodContext): boolean {
  portal.crm.deals.delete(Number(dealOf({ portal, params })['ID']));
  return true;
}

function dealOf({ portal, params }: Pick<MethodContext, 'portal' | 'params'>): CrmRow {
  const deal = portal.crm.deals.get(toInt(params['id'] ?? params['ID']));
  if (!deal) throw new VendorRefusal('', 'Not found', 400);
  return deal;
}

function fieldsOf(params: MethodContext['params']): CrmRow {
  const fields = known(params['fields']);
  delete fields['ID'];
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toText(value)]));
}
