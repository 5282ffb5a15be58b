import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type ReferenceDocument, listOperations } from './api-document';
import { codeSamples } from './code-samples';
import { DocumentSearch } from './search-document';

const api = JSON.parse(readFileSync('openapi.json', 'utf8')) as ReferenceDocument;
const operations = listOperations(api);
const origin = 'http://127.0.0.1:3000';
const operationNamed = (id: string) => {
  const found = operations.find((it) => it.id === id);
  if (!found) throw new Error(`No operation ${id}`);
  return found;
};
const sample = (id: string, language: string) =>
  codeSamples(api, operationNamed(id), origin).find((it) => it.language === language)?.code ?? '';

describe('the search of the reference', () => {
  const search = new DocumentSearch(api);
  const found = (text: string) => search.find(text).map(({ operation, by }) => [operation.id, by]);

  it('finds operations by path, id and summary, which come first', () => {
    expect(found('post /backlogs')).toEqual([['addBacklog', undefined]]);
    expect(found('addbacklog')[0]).toEqual(['addBacklog', undefined]);
    expect(found('add a backlog')).toContainEqual(['addBacklog', undefined]);
  });

  it('finds operations by a field of their bodies, answers and parameters', () => {
    expect(found('createdBy')).toContainEqual(['addBacklog', 'field createdBy']);
    expect(found('createdBy')).toContainEqual(['getBacklog', 'field createdBy']);
    expect(found('x-deadline')).toContainEqual(['getBacklog', 'field X-Deadline-Ms']);
  });

  it('finds operations by the code of a problem, which only some have', () => {
    const ids = ['addBacklog', 'updateBacklog', 'callMethod'];
    expect(found('backlog_already_exists')).toEqual(ids.map((id) => [id, 'code backlog_already_exists']));
    expect(found('idempotency_conflict').length).toBeGreaterThan(5);
  });

  it('finds nothing for nothing, and each operation once', () => {
    expect([found(''), found('  '), found('no such thing anywhere')]).toEqual([[], [], []]);
    const ids = search.find('portal').map(({ operation }) => operation.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the samples of the reference', () => {
  it('call this host with sample values, the key from the environment and the body of the document', () => {
    expect(sample('getBacklog', 'curl')).toMatch(
      /^curl 'http:\/\/127\.0\.0\.1:3000\/v1\/portals\/acme\/groups\/\d+\/backlog' \\\n {2}-H "Authorization: Bearer \$B24_GATEWAY_KEY"$/,
    );
    expect(sample('addBacklog', 'curl')).toContain(`-d '{"groupId":125,"createdBy":6}'`);
    expect(sample('addBacklog', 'JavaScript')).toContain('body: JSON.stringify({"groupId":125,"createdBy":6})');
    expect(sample('addBacklog', 'PHP')).toContain(`CURLOPT_POSTFIELDS => '{"groupId":125,"createdBy":6}'`);
  });

  const all = (language: string) => operations.map(({ id }) => sample(id, language));
  const isHere = (program: string, args: string[]) => spawnSync(program, args).status === 0;

  it('are JavaScript that parses, for every operation', () => {
    const AsyncFunction = Object.getPrototypeOf(async () => {
      await Promise.resolve();
    }).constructor as new (code: string) => unknown;
    const broken = all('JavaScript').filter((code) => {
      try {
        new AsyncFunction(code);
        return false;
      } catch {
        return true;
      }
    });
    expect([operations.length > 50, broken]).toEqual([true, []]);
  });

  it('are words of a shell that parse, for every operation', () => {
    expect(spawnSync('sh', ['-n'], { input: all('curl').join('\n\n') }).status).toBe(0);
  });

  (isHere('python3', ['--version']) ? it : it.skip)('are Python that parses, for every operation', () => {
    const check = 'import ast, json, sys\nfor code in json.load(sys.stdin): ast.parse(code)';
    const { status, stderr } = spawnSync('python3', ['-c', check], { input: JSON.stringify(all('Python')) });
    expect([status, stderr.toString()]).toEqual([0, '']);
  });

  (isHere('php', ['--version']) ? it : it.skip)('are PHP that parses, for every operation', () => {
    const check = 'foreach (json_decode(stream_get_contents(STDIN)) as $code) token_get_all($code, TOKEN_PARSE);';
    const { status, stdout } = spawnSync('php', ['-r', check], { input: JSON.stringify(all('PHP')) });
    expect([status, stdout.toString()]).toEqual([0, '']);
  });
});
