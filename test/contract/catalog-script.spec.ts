import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Facts of one method in the data file. */
type CatalogLine = Record<string, unknown>;

const head = (title: string, scope = 'crm', who = 'any user') =>
  `# ${title}\n\n> Scope: [\`${scope}\`](../scopes/permissions.md)\n>\n> Who can execute the method: ${who}\n\n`;
const curl = (name: string, body = '{}') =>
  `## Code Examples\n\n{% list tabs %}\n\n- cURL (Webhook)\n\n    \`\`\`bash\n    curl -X POST \\\n    -d '${body}' \\\n    https://**address**/rest/**user**/**webhook**/${name}\n    \`\`\`\n\n{% endlist %}\n\n`;
const table = (...rows: string[]) =>
  `#|\n|| **Name**\n\`type\` | **Description** ||\n${rows.map((it) => `|| ${it} ||`).join('\n')}\n|#\n\n`;
const answer = (json: string) => `## Response Handling\n\nHTTP status: **200**\n\n\`\`\`json\n${json}\n\`\`\`\n\n`;

describe('npm run catalog', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'b24-catalog-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const run = (corrections: unknown[] = []) => {
    write('corrections.json', JSON.stringify(corrections));
    const options = ['--commit', 'c0ffee', '--date', '2026-08-21', '--out', folder];
    const args = ['scripts/catalog.mjs', folder, ...options, '--corrections', join(folder, 'corrections.json')];
    return spawnSync(process.execPath, args, { encoding: 'utf8' });
  };
  const methods = (corrections?: unknown[]): Record<string, CatalogLine> => {
    const { status, stdout, stderr } = run(corrections);
    expect({ status, stdout: status === 0 ? '' : stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    return (JSON.parse(readFileSync(join(folder, 'methods.json'), 'utf8')) as { methods: Record<string, CatalogLine> })
      .methods;
  };
  const page = (body: string, title = 'Add crm.thing.add') => {
    write('api-reference/crm/crm-thing-add.md', head(title) + body);
    return methods()['crm.thing.add']!;
  };

  it('reads names, types, requirements, nested tables and values of a page', () => {
    const fields = table(
      '**TITLE*** [`string`](../data-types.md) | Name',
      '**OPENED**\n[`char`](../data-types.md) | Open. Possible values:\n- `Y` — yes\n- `N` — no',
      '**UF_CRM_...** | Custom fields',
    );
    const body = `## Method Parameters\n\n${table(
      '**id^*^**\n[`integer`](../data-types.md)\\|[`string`](../data-types.md) | Id',
      '**fields***\n[`object`](../data-types.md) | Object format:\n```\n{\n    field_1: a || b | c,\n}\n```\nsee [below](#fields)',
    )}### Fields Parameter {#fields}\n\n${fields}${curl('crm.thing.add')}${answer('{ "result": 5, "time": {} }')}`;

    expect(page(body)).toEqual({
      scope: 'crm',
      effect: 'write',
      params: {
        id: 'integer|string!',
        fields: {
          type: 'object!',
          fields: { TITLE: 'string!', OPENED: { type: 'char', values: ['Y', 'N'] }, 'UF_CRM_*': 'any' },
        },
      },
      result: { type: 'integer' },
      page: 'api-reference/crm/crm-thing-add',
    });
  });

  it.each([
    ['introduced as values', 'Kind. Possible values:\n- `small` — a\n- `large` — b', ['small', 'large']],
    ['behind a colon', 'How important it is:\n- `high` – a\n- `low` – b', ['high', 'low']],
    ['of letters', 'Can be bought when there is none.\n- `Y` — yes\n- `N` — no', ['Y', 'N']],
    ['in a sentence', 'Who. Allowed values: `user`, `group`. By default `user`', ['user', 'group']],
    ['that is said to be possible', 'Who. Can be `user` or `group`', ['user', 'group']],
    ['of a template', 'Name. Made by `{kind} #{id}`, where\n- `kind` — the kind\n- `id` — the id', undefined],
    ['of formats', 'Id. Supported formats:\n- `CRM` — a pair\n- `TASKS` — a number', undefined],
    ['with a placeholder', 'Whom. Possible values:\n- `U{id}` — a user\n- `AU` — all\n- `UA` — any', undefined],
    ['of examples', 'Anchor. Examples of valid values: `about-us`, `Section_A`', undefined],
    ['of methods', 'Id. It can be obtained by `crm.thing.list` or `crm.thing.add`', undefined],
  ])('takes a list %s for the values of a field as far as it is one', (_what, description, values) => {
    const read = page(`## Method Parameters\n\n${table(`**kind**\n[\`string\`](../data-types.md) | ${description}`)}`);
    expect(read['params']).toEqual({ kind: values ? { type: 'string', values } : 'string' });
  });

  it('reads tables with rows that are not closed, cells within code, entities and a table within a cell', () => {
    const body = [
      '## Method Parameters\n\n#|\n|| **Name** `type` | **Description** ||',
      '|| **open** [`string`](x.md) | not closed',
      '|| **code** `integer` | takes `0|1` and `a || b` ||',
      '|| **less&lt;** `boolean` | &nbsp;entity &amp; more ||',
      '|| **nested** `object` | has fields:\n#|\n|| **Name** `type` | **Description** ||\n|| **inner** `date` | d ||\n|# ||',
      '|| **last** `double` | ends with the table\n|#\n',
    ].join('\n');
    expect(page(body + curl('crm.thing.add'))['params']).toEqual({
      open: 'string',
      code: 'integer',
      less: 'boolean',
      nested: { type: 'object', fields: { inner: 'date' } },
      last: 'double',
    });
  });

  it('reads tables of pipes, columns of types and of examples', () => {
    const pipes =
      '| Name | Type | Description |\n| --- | --- | --- |\n| `ID` | int | the id |\n| NAME | string | a name |\n';
    expect(page(`## Parameters\n\n${pipes}\n${curl('crm.thing.add')}`)['params']).toEqual({
      ID: 'integer',
      NAME: 'string',
    });
    const examples =
      "#|\n|| **Name** | **Example** | **Description** ||\n|| **BOT_ID** | `62` | id ||\n|| **CODE** | `'echo'` | code ||\n|#\n";
    expect(page(`## Parameters\n\n${examples}\n${curl('crm.thing.add')}`)['params']).toEqual({
      BOT_ID: 'integer',
      CODE: 'string',
    });
  });

  it('reads included parts, skips missing ones, and ends where parts include each other', () => {
    write('api-reference/_include/params.md', `${table('**id***\n`integer` | Id')}{% include [again](params.md) %}\n`);
    const body = `## Method Parameters\n\n{% include notitle [p](../_include/params.md#part) %}\n{% include [q](gone.md) %}\n`;
    expect(page(body + curl('crm.thing.add'))['params']).toEqual({ id: 'integer!' });
  });

  it('reports what a page lacks, and pages that it cannot read', () => {
    write('api-reference/crm/crm-thing-get.md', head('Get crm.thing.get') + curl('crm.thing.get'));
    const body = `## Method Parameters\n\n${table('**id** | no type')}${curl('crm.thing.add')}`;
    expect(page(body)['missing']).toEqual(['type of id', 'result']);
    const { stdout } = run();
    expect(stdout).toContain('methods 2\nread completely 0 (0.0 %)\nread partly 1 (50.0 %)');
    expect(stdout).toContain('  crm.thing.add: type of id, result');
    expect(stdout).toContain('not read 1 (50.0 %)\n  crm.thing.get');
  });

  it('reads the scope, the callers, the replacement and the errors of a method', () => {
    const text = [
      head('Set crm.thing.set', 'sonet', 'administrator'),
      '{% note warning "DEPRECATED" %}\n\nDevelopment has stopped. Use [crm.item.update](x.md).\n\n{% endnote %}\n',
      'The method works only in the context of the [application](x.md).\n\nNo parameters.\n\n',
      curl('crm.thing.set'),
      '## Error Handling\n\nHTTP status: **400**, **403**\n\n### Possible Error Codes\n\n',
      '#|\n|| **Status** | **Code** | **Description** ||\n|| `403` | `ACCESS_DENIED` | no ||\n|| | `100` | none ||\n|| `400` | — | none ||\n|#\n',
    ].join('');
    write('api-reference/crm/crm-thing-set.md', text);
    expect(methods()['crm.thing.set']).toEqual({
      scope: 'sonet_group',
      effect: 'write',
      app: true,
      administrator: true,
      deprecated: ['crm.item.update'],
      params: {},
      errors: { '0': ['100'], '403': ['ACCESS_DENIED'] },
      page: 'api-reference/crm/crm-thing-set',
      missing: ['result'],
    });
  });

  it('reads how a list is paged, under which key its records are, and whether it can be read by id', () => {
    const prefixes = 'Prefixes:\n- `>` — greater\n\nFields:\n- `ID` — id\n- `TITLE` — title';
    const params = table(
      `**filter**\n\`object\` | ${prefixes}`,
      '**order**\n`object` | Fields:\n- `ID` — id\n- `TITLE` — title',
      '**start**\n`integer` | offset',
    );
    const rows = '{ "result": { "things": [ { "id": "1", ... } ] }, "next": 50, "total": 51, }';
    const text = `${head('List crm.thing.list')}## Method Parameters\n\n${params}${curl('crm.thing.list')}${answer(rows)}`;
    write('api-reference/crm/crm-thing-list.md', text);
    expect(methods()['crm.thing.list']).toMatchObject({
      effect: 'read',
      result: { type: 'object', rows: 'things', id: 'id', total: true, next: true },
      paging: { by: 'start', byId: { filter: 'filter', order: 'order', id: 'ID', rowId: 'id' } },
    });
  });

  it('reads the fields of records from examples, with the types of their values', () => {
    const rows = (...records: object[]) =>
      `{ "result": { "things": ${JSON.stringify(records)} }, "total": 2, "time": {} }`;
    const body = `## Method Parameters\n\n${table('**select**\n[`array`](x.md) | Fields')}${curl('crm.thing.list')}`;
    const first = { id: 1, name: 'a', price: 1.5, open: true, tags: ['x'], none: null, UF_CRM_17: 1, 12: 1 };
    const second = { id: 2, name: null, price: 'free', owner: { id: 7, more: { deep: 1 } }, extra: [] };
    write('api-reference/crm/crm-thing-list.md', head('List crm.thing.list') + body + answer(rows(first, second)));
    expect(methods()['crm.thing.list']).toMatchObject({
      result: {
        rows: 'things',
        fields: {
          ...{ id: 'integer', name: 'string', price: '', open: 'boolean', tags: 'array', none: '', extra: '' },
          owner: { type: 'object', fields: { id: 'integer', more: 'object' } },
        },
      },
    });
    expect(Object.keys((methods()['crm.thing.list'] as { result: { fields: object } }).result.fields)).toHaveLength(8);
  });

  it('names a method by its page where its title or its examples are wrong', () => {
    const wrongTitle = head('Delete thing.crm.thing.delete') + curl('crm.thing.delete');
    write('api-reference/crm/crm-thing-delete.md', wrongTitle);
    write('api-reference/crm/crm-thing-copy.md', head('Copy crm.thing.copy') + curl('crm.thing.get'));
    write(
      'api-reference/crm/crm-v3.md',
      `${head('V3 crm.v3.get')}https://**address**/rest/api/**user**/**hook**/crm.v3.get\n`,
    );
    write('api-reference/crm/index.md', head('Overview crm.overview') + curl('crm.overview'));
    expect(Object.keys(methods())).toEqual(['crm.thing.copy', 'crm.thing.delete']);
  });

  it('counts a method as a write where its name or its page leaves a doubt', () => {
    const read = head('Get crm.thing.get') + 'The method returns it.\n\n' + curl('crm.thing.get');
    write('api-reference/crm/crm-thing-get.md', read);
    const creates = head('Get crm.own.get') + 'The method returns the store. If there is none, it creates one.\n\n';
    write('api-reference/crm/crm-own-get.md', creates + curl('crm.own.get'));
    write('api-reference/crm/crm-note-read-list.md', head('Read crm.note.read.list') + curl('crm.note.read.list'));
    const effects = Object.entries(methods()).map(([name, { effect }]) => [name, effect]);
    expect(effects).toEqual([
      ['crm.note.read.list', 'write'],
      ['crm.own.get', 'write'],
      ['crm.thing.get', 'read'],
    ]);
  });

  describe('with corrections', () => {
    beforeEach(() => write('api-reference/crm/crm-thing-get.md', head('Get crm.thing.get') + curl('crm.thing.get')));
    const reason = 'a test';

    it('applies them, and lists decided effects with their reasons', () => {
      const added = { method: 'crm.other', add: { effect: 'write', page: 'x' }, reason };
      const set = { method: 'CRM.thing.get', set: { batch: false, missing: null }, reason };
      const effect = { method: 'crm.thing.get', effect: 'consuming', reason: 'it removes what it returns' };
      const corrected = methods([added, set, effect]);
      expect(corrected['crm.other']).toEqual({ effect: 'write', page: 'x' });
      expect(corrected['crm.thing.get']).toMatchObject({ effect: 'consuming', batch: false });
      expect(corrected['crm.thing.get']).not.toHaveProperty('missing');
      const listing = readFileSync(join(folder, 'catalog-effects.md'), 'utf8');
      expect(listing).toContain('| `crm.thing.get` | consuming | it removes what it returns |');
      expect(methods([{ method: 'crm.thing.get', remove: true, reason }])).toEqual({});
    });

    it.each([
      ['sets what is so', { method: 'crm.thing.get', set: { scope: 'crm' }, reason }, 'changes nothing'],
      ['decides what the name says', { method: 'crm.thing.get', effect: 'read', reason }, 'changes nothing'],
      ['concerns no method', { method: 'crm.gone', set: { scope: 'crm' }, reason }, 'concerns no method'],
      ['decides about no method', { method: 'crm.gone', effect: 'read', reason }, 'concerns no method'],
      ['adds what a page describes', { method: 'crm.thing.get', add: {}, reason }, 'is not needed'],
      ['has no reason', { method: 'crm.thing.get', remove: true }, 'has no reason'],
    ])('fails for one that %s', (_, correction, message) => {
      const { status, stdout, stderr } = run([correction]);
      expect(status).toBe(1);
      expect(stdout + stderr).toContain(message);
    });
  });

  it('fails for a folder without pages of methods', () => {
    expect(run().status).toBe(1);
  });
});
