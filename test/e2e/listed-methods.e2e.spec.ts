import { listedMethods, type SimulatedPortal } from '../../apps/portal-simulator/src';
import { Catalog } from '../../libs/catalog/src';
import { adminKey, type HttpClient, World } from '../support/gateway';

type ListedLine = Readonly<Record<string, unknown>>;

/** Results without records: values, names, several lists at once. */
const noRecords = [
  'bizproc.activity.list',
  'bizproc.robot.list',
  'documentgenerator.region.list',
  'im.chat.user.list',
  'im.department.colleagues.list',
  'imbot.chat.user.list',
  'imbot.v2.Bot.list',
  'imconnector.list',
  'messageservice.sender.list',
  'placement.list',
];
/** Nothing that a caller may send chooses another page. */
const onePageOnly = ['ai.engine.list', 'imbot.v2.Chat.User.list'];
/** Documented neither to page nor to return all. */
const silent = ['crm.dealcategory.stage.list', 'task.logitem.list', 'tasks.template.checklist.list'];
/** Parameters by position, to which no `start` can be added. */
const positional = ['task.item.list'];

const read = Object.keys(listedMethods).filter((it) => ![...noRecords, ...onePageOnly].includes(it));
const walked = read.filter((it) => ![...silent, ...positional].includes(it));
const codeOf = (lines: readonly ListedLine[]) => {
  const { code, problem } = lines.at(-1) as { code?: string; problem?: { code: string } };
  return problem?.code ?? code;
};

describe('each list method of the documentation', () => {
  let world: World;
  let client: HttpClient;
  let portal: SimulatedPortal;

  const list = async (method: string): Promise<ListedLine[]> => {
    const response = await fetch(`${client.url}/v1/portals/${portal.memberId}/list/${method}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/json' },
      body: '{}',
    });
    const lines = (await response.text()).trim().split('\n');
    return lines.map((line) => JSON.parse(line) as ListedLine);
  };
  /** Reads lists of so many records, eight at a time. */
  const listAll = async (methods: readonly string[], count: number): Promise<(readonly [string, ListedLine[]])[]> => {
    for (const method of methods) portal.lists.hold(method, count);
    const left = methods.values();
    const readers = Array.from({ length: 8 }, async () => {
      const done: (readonly [string, ListedLine[]])[] = [];
      for (const method of left) done.push([method, await list(method)]);
      return done;
    });
    return (await Promise.all(readers)).flat();
  };

  beforeAll(async () => {
    world = await World.start();
    client = await world.gateway();
    portal = await world.installed(client, { burst: 5000, drainPerSecond: 500 });
    const limits = { burst: 1000, drainPerSecond: 100 };
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { limits });
  });
  afterAll(() => world.stop());

  it('is known to the portal of this test, unless it writes or has a test of its own', () => {
    const catalog = new Catalog();
    const names = catalog.names().filter((it) => it.endsWith('.list') && catalog.effectOf(it) === 'read');
    const others = names.filter((it) => !(it in listedMethods));
    expect(others).toEqual(['tasks.api.scrum.epic.list', 'tasks.api.scrum.sprint.list']);
    expect(names.length).toBeGreaterThan(170);
  });

  it.each([0, 1, 49])('has all of %d records, each once', async (count) => {
    for (const [method, lines] of await listAll(read, count)) {
      expect([method, lines.at(-1)]).toEqual([method, { end: { records: count } }]);
      expect(new Set(lines.map((line) => JSON.stringify(line))).size).toBe(count + 1);
    }
  });

  it.each([51, 130, 560])('has all of %d records, each once, where its pages can be followed', async (count) => {
    for (const [method, lines] of await listAll(walked, count)) {
      expect([method, lines.at(-1)]).toEqual([method, { end: { records: count } }]);
      expect(new Set(lines.map((line) => JSON.stringify(line))).size).toBe(count + 1);
    }
  });

  it.each([50, 100])('has all of %d records, unless nothing shows that they are all', async (count) => {
    const whole = walked.filter((it) => listedMethods[it]?.by === 'whole');
    for (const [method, lines] of await listAll(walked, count)) {
      const end = whole.includes(method) ? 'list_not_walkable' : undefined;
      expect([method, codeOf(lines)]).toEqual([method, end]);
    }
  });

  it('ends with a problem where nothing shows whether more records follow', async () => {
    const found = await listAll([...silent, ...positional], 130);
    expect(found.map(([method, lines]) => [method, codeOf(lines)])).toEqual(
      found.map(([method]) => [method, 'list_not_walkable']),
    );
  });

  it('is refused where it has no records, or where its pages cannot be chosen', async () => {
    const codes = async (methods: readonly string[]) =>
      new Set((await listAll(methods, 5)).map(([, lines]) => codeOf(lines)));
    expect(await codes(noRecords)).toEqual(new Set(['invalid_request']));
    expect(await codes(onePageOnly)).toEqual(new Set(['list_not_walkable']));
  });
});
