import { type BitrixMethods, GatewayClient, type ResultOf } from '../../../libs/client/src';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type AnyFields = Record<string, unknown>;
type Id = number | `${number}`;
type Text = string | null | undefined;
interface StageFilter {
  readonly STAGE_ID: string;
}

const b24 = new GatewayClient({ baseUrl: 'http://gw', key: 'k' });
const portal = b24.portal('acme');
/** Compiles if the value has exactly this type. */
const is =
  <Expected>() =>
  <Actual>(value: Actual, ...proof: Same<Actual, Expected> extends true ? [] : [never]) => [value, proof];

/** Parameters: optional, required, further ones, of an interface, by position. */
export async function calls(stage: StageFilter, computed: string): Promise<void> {
  const deals = await portal.call('crm.deal.list', { filter: { '>=OPPORTUNITY': 5, UF_CRM_1: [1] }, select: ['ID'] });
  is<Id | undefined>()(deals.result[0]?.ID);
  is<number | undefined>()(deals.total);
  await portal.call('crm.deal.list');
  await portal.call('crm.deal.list', {}, { deadlineMs: 5000 });
  await portal.call('crm.deal.list', { filter: stage });
  for (const { ID } of deals.result) await portal.call('crm.deal.get', { id: ID });

  const added = await portal.call('crm.deal.add', { fields: { TITLE: 'A', UF_CRM_1: 1 } });
  is<number>()(added.result);
  const items = await portal.call('crm.item.list', { entityTypeId: 2 });
  is<Id | undefined>()(items.result.items[0]?.id);
  await portal.call('task.item.list', [{ ID: 'desc' }, {}]);
  await portal.call('user.get', { FILTER: { ACTIVE: true }, ID: 6 });

  const unknown = await portal.call('acme.stock.count', { warehouse: 1 });
  is<unknown>()(unknown.result);
  const named = await portal.call(computed, { anything: 1 });
  is<unknown>()(named.result);
}

export async function lists(): Promise<void> {
  for await (const deal of portal.list('crm.deal.list', { select: ['ID'] })) {
    is<Id>()(deal.ID);
    is<Text>()(deal.STAGE_ID);
    is<unknown>()(deal['UF_CRM_COLOR']);
  }
  for await (const item of portal.list('crm.item.list', { entityTypeId: 2 })) {
    is<Id>()(item.id);
    is<Text>()(item.stageId);
  }
  for await (const row of portal.list('acme.stock.list')) is<AnyFields>()(row);
}

export async function batches(ids: readonly number[]): Promise<void> {
  const [deals, deal, stock] = await portal.batch(
    [
      { method: 'crm.deal.list', params: { select: ['ID'] }, name: 'deals' },
      { method: 'crm.deal.get', params: { id: '$result[deals][0][ID]' } },
      { method: 'acme.stock.count', params: { warehouse: 1 } },
    ],
    { references: true, halt: true },
  );
  if (deals.ok) is<Id | undefined>()(deals.result[0]?.ID);
  else void deals.problem.code;
  if (deal.ok) is<Text>()(deal.result.TITLE);
  if (stock.ok) is<unknown>()(stock.result);

  const each = await portal.batch(ids.map((id) => ({ method: 'crm.deal.get' as const, params: { id } })));
  for (const one of each) if (one.ok) is<Text>()(one.result.CURRENCY_ID);
}

export async function manyPortals(): Promise<void> {
  for await (const line of b24.portals('all').call('crm.deal.list', { select: ['ID'] })) {
    if ('summary' in line) void line.summary.ok;
    else if (line.result) is<Id | undefined>()(line.result[0]?.ID);
  }
  const { id } = await b24.portals({ tag: 'shops' }).callAsJob('crm.deal.add', { fields: { TITLE: 'A' } });
  await b24.finished(id);
  void b24.portals(['acme', 'beta']).call('acme.stock.count');
}

export const updated: ResultOf<'crm.deal.update'> = true;
export const params: BitrixMethods['crm.deal.get']['params'] = { id: 1 };
