import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';

/*
 * Usage: node test/bench/completions.mjs. Prints how long an editor's language service takes to complete calls of the client, on
 * a program that it has loaded, after a change of the file.
 */
const runs = 5;
const head = `import { GatewayClient } from '../../libs/client/src';
const portal = new GatewayClient({ baseUrl: 'http://gw', key: 'k' }).portal('acme');
`;
const calls = {
  'a method': "void portal.call('¦');",
  'a method of a list': "void portal.list('¦');",
  'a method of a batch': "void portal.batch([{ method: '¦' }]);",
  parameters: "void portal.call('crm.item.list', { ¦ });",
  fields: "void portal.call('crm.deal.add', { fields: { ¦ } });",
};

const path = resolve('test/bench/completed.ts');
let text = head;
let version = 0;
const { config } = ts.readConfigFile('tsconfig.json', (it) => ts.sys.readFile(it));
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, process.cwd());
const service = ts.createLanguageService({
  getCompilationSettings: () => options,
  getScriptFileNames: () => [path],
  getScriptVersion: (it) => (it === path ? String(version) : '0'),
  getScriptSnapshot: (it) =>
    it === path || ts.sys.fileExists(it)
      ? ts.ScriptSnapshot.fromString(it === path ? text : readFileSync(it, 'utf8'))
      : undefined,
  getCurrentDirectory: () => process.cwd(),
  getDefaultLibFileName: (it) => ts.getDefaultLibFilePath(it),
  fileExists: (it) => it === path || ts.sys.fileExists(it),
  readFile: (it) => ts.sys.readFile(it),
  directoryExists: (it) => ts.sys.directoryExists(it),
});

complete(calls['a method']);
for (const [name, call] of Object.entries(calls)) {
  const times = Array.from({ length: runs }, () => complete(call)).sort((a, b) => a.ms - b.ms);
  const { ms, entries } = times[Math.floor(runs / 2)];
  console.log(`${name}: ${Math.round(ms)} ms (median of ${runs}), ${entries} offered`);
}

function complete(call) {
  version++;
  text = `${head}// ${version}\n${call.replace('¦', '')}\n`;
  const at = `${head}// ${version}\n${call}`.indexOf('¦');
  const startedAt = performance.now();
  const found = service.getCompletionsAtPosition(path, at, {});
  return { ms: performance.now() - startedAt, entries: found?.entries.length ?? 0 };
}
