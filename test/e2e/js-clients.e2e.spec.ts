import { type ClientRun, byB24jssdk as sdk, byTwoBad as twoBad, type twoBadClient } from '../clients/js-clients';
import { SdkWorld } from '../clients/sdk-world';

type TwoBad = ReturnType<typeof twoBadClient>;
type TwoBadMethod = Parameters<TwoBad['call']>[0];
type ClientCase = readonly [title: string, run: ClientRun];

const bigId = '9007199254740993';
const title = 'Сделка 🚀 «№1» a+b & c%20 #1 [x] =?;';
const fields = { TITLE: title, STAGE_ID: 'WON', OPPORTUNITY: '1.10', COMMENTS: 'line 1\nline 2\t\\ "x" \u2028' };
const method = (name: string) => name as TwoBadMethod;
const dealList = 'crm.deal.list' as Parameters<TwoBad['list']>[0];
const dealOf = (id: number | string) => ({ method: 'crm.deal.get', params: { id } });
const nestedUpdate = () => ({
  id: 7,
  fields: { ...fields, UF_LIST: ['a', 'б', ''], UF_MAP: { '5': 'x', y: [{ z: '' }] } },
});
const failing = () => ({ a: dealOf(1), b: dealOf(999), c: dealOf(2) });
const referring = () => ({ a: dealOf(3), b: dealOf('$result[a][ID]') });
const writing = () => ({ method: 'crm.deal.add', params: { fields } });
const sixtyDeals = () => Array.from({ length: 60 }, (_, i) => dealOf(i + 1));
const allDeals = { method: 'crm.deal.list', params: { filter: { '<=ID': 120 } }, idKey: 'ID' };
const options = { isHaltOnError: false };

const twoBadCases: readonly ClientCase[] = [
  ['a method without parameters', twoBad((client) => client.call(method('profile'), {}))],
  ['a read', twoBad((client) => client.call(method('crm.deal.get'), { id: 7 }))],
  ['a write with any text', twoBad((client) => client.call(method('crm.deal.add'), { fields }))],
  ['nested fields and empty values', twoBad((client) => client.call(method('crm.deal.update'), nestedUpdate()))],
  ['an integer beyond 2^53 as text', twoBad((client) => client.call(method('crm.deal.get'), { id: bigId }))],
  ['a deal that is absent', twoBad((client) => client.call(method('crm.deal.get'), { id: 999 }))],
  ['a method that is absent', twoBad((client) => client.call(method('no.such.method'), {}))],
  ['a service of the client', twoBad((client) => client.deals.get('5'))],
  ['all pages of a list', twoBad((client) => client.list(dealList, { order: { ID: 'DESC' } }))],
  ['a batch as an array', twoBad((client) => client.batch([dealOf(3), dealOf(4)] as never))],
  ['a batch with names', twoBad((client) => client.batch({ one: dealOf(3), 'two words': dealOf(4) } as never))],
  ['a batch with numeric keys', twoBad((client) => client.batch({ 30: dealOf(3), 5: dealOf(4) } as never))],
  [
    'a batch with a reference',
    twoBad((client) => client.batch({ a: dealOf(3), b: dealOf('$result[a][ID]') } as never)),
  ],
  ['a batch with an error', twoBad((client) => client.batch({ a: dealOf(999), b: dealOf(4) } as never))],
];

const sdkCases: readonly ClientCase[] = [
  ['a method without parameters', sdk((b24) => b24.actions.v2.call.make({ method: 'profile' }))],
  ['a read', sdk((b24) => b24.actions.v2.call.make(dealOf(7)))],
  ['a write with any text', sdk((b24) => b24.actions.v2.call.make({ method: 'crm.deal.add', params: { fields } }))],
  ['nested values', sdk((b24) => b24.actions.v2.call.make({ method: 'crm.deal.update', params: nestedUpdate() }))],
  ['an integer beyond 2^53 as text', sdk((b24) => b24.actions.v2.call.make(dealOf(bigId)))],
  ['an error without a code', sdk((b24) => b24.actions.v2.call.make(dealOf(999)))],
  ['an error about a parameter', sdk((b24) => b24.actions.v2.call.make({ method: 'tasks.api.scrum.backlog.get' }))],
  ['a method that is absent', sdk((b24) => b24.actions.v2.call.make({ method: 'no.such.method', params: {} }))],
  ['all pages of a list', sdk((b24) => b24.actions.v2.callList.make(allDeals))],
  ['a batch as an array', sdk((b24) => b24.actions.v2.batch.make({ calls: [dealOf(3), dealOf(4)], options }))],
  [
    'a batch with names',
    sdk((b24) => b24.actions.v2.batch.make({ calls: { 'имя 1': dealOf(3), b: dealOf(4) }, options })),
  ],
  [
    'a batch with numeric keys',
    sdk((b24) => b24.actions.v2.batch.make({ calls: { 30: dealOf(3), 5: dealOf(4) }, options })),
  ],
  ['a batch with a reference', sdk((b24) => b24.actions.v2.batch.make({ calls: referring(), options }))],
  ['a batch with text', sdk((b24) => b24.actions.v2.batch.make({ calls: { a: writing() }, options }))],
  [
    'a batch that halts',
    sdk((b24) => b24.actions.v2.batch.make({ calls: failing(), options: { isHaltOnError: true } })),
  ],
  ['a batch that goes on', sdk((b24) => b24.actions.v2.batch.make({ calls: failing(), options }))],
  ['two batches of a larger list', sdk((b24) => b24.actions.v2.batchByChunk.make({ calls: sixtyDeals(), options }))],
];

describe('a JavaScript client through the gateway', () => {
  let sdks: SdkWorld;

  beforeAll(async () => {
    sdks = await SdkWorld.start();
  });
  afterAll(() => sdks.stop());

  const isTheSameEverywhere = async (run: ClientRun) => {
    const [direct, path, host] = await sdks.runEverywhere(run);
    expect(direct?.received).not.toEqual([]);
    expect(path).toEqual(direct);
    expect(host).toEqual(direct);
  };

  it.each(twoBadCases)('@2bad/bitrix sends and gets the same as at the portal: %s', (_, run) =>
    isTheSameEverywhere(run),
  );

  it.each(sdkCases)('@bitrix24/b24jssdk sends and gets the same as at the portal: %s', (_, run) =>
    isTheSameEverywhere(run),
  );

  it('@2bad/bitrix reads every page of a list', async () => {
    const list = twoBad(async (client) => (await client.list(dealList, {})).result);
    for (const { returned } of await sdks.runEverywhere(list)) expect(returned).toHaveLength(130);
  });
});
