import type { B24Hook } from '@bitrix24/b24jssdk';
import { type ClientRun, byB24jssdk as sdk } from '../clients/js-clients';
import { SdkWorld } from '../clients/sdk-world';

const taskOf = (id: number) => ({ method: 'tasks.task.get', params: { id, select: ['id', 'title'] } });
const logOptions = {
  select: ['id', 'timestampX'],
  filter: [['id', '>', 1]] as [string, string, number][],
  order: { id: 'ASC' as const },
  pagination: { page: 1, limit: 5 },
};
const fields = { title: 'Задача 🚀 a+b & c%20 #1 [x]', creatorId: 1, responsibleId: 1 };

const addedTask = async (b24: B24Hook): Promise<number> => {
  const added = await b24.actions.v3.call.make<{ item: { id: number } }>({
    method: 'tasks.task.add',
    params: { fields },
  });
  return added.getData()?.result.item.id ?? 0;
};
const twoCallsOf = async (b24: B24Hook) => {
  const id = await addedTask(b24);
  return { a: taskOf(id), b: taskOf(id) };
};

const cases: readonly (readonly [title: string, run: ClientRun])[] = [
  ['a read', sdk(async (b24) => b24.actions.v3.call.make(taskOf(await addedTask(b24))))],
  ['a write', sdk((b24) => b24.actions.v3.call.make({ method: 'tasks.task.add', params: { fields } }))],
  ['a list', sdk((b24) => b24.actions.v3.call.make({ method: 'main.eventlog.list', params: logOptions }))],
  ['a refused value', sdk((b24) => b24.actions.v3.call.make({ method: 'tasks.task.get', params: { id: 'text' } }))],
  ['a method that is absent', sdk((b24) => b24.actions.v3.call.make({ method: 'no.such.method', params: {} }))],
  ['a batch with names', sdk(async (b24) => b24.actions.v3.batch.make({ calls: await twoCallsOf(b24) }))],
  ['a batch with an error', sdk((b24) => b24.actions.v3.batch.make({ calls: [taskOf(1), taskOf(999)] }))],
];

describe('@bitrix24/b24jssdk with REST 3 through the gateway', () => {
  let sdks: SdkWorld;

  beforeAll(async () => {
    sdks = await SdkWorld.start();
  });
  afterAll(() => sdks.stop());

  it.each(cases)('sends and gets the same as at the portal: %s', async (_, run) => {
    const [direct, path, host] = await sdks.runEverywhere(run);
    expect(direct?.received).not.toEqual([]);
    expect(path).toEqual(direct);
    expect(host).toEqual(direct);
  });
});
