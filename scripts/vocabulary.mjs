import { pathToFileURL } from 'node:url';

/*
 * The words that names in code may not contain, and the word of docs/glossary.md to use instead. ESLint applies the rule
 * `vocabulary/names`; `node scripts/vocabulary.mjs` counts the names that break it, by folder and by word.
 */

/**
 * `old` is matched against a name that is split into lower-case words: `standBackMs` is read as "stand back ms". `only`
 * and `except` are paths.
 */
const tests = /\.spec\.tsx?$|^test\//;
const rules = [
  { old: /\blanes?\b/, use: 'portal queue' },
  { old: /\b(?:trips?|departures?|journeys?)\b/, use: 'request' },
  { old: /\bdeparts?\b/, use: 'dispatch' },
  { old: /\bbookings?\b/, use: 'queued call' },
  { old: /\briders?\b/, use: 'waiter' },
  { old: /\bcompany\b/, use: 'batch builder' },
  { old: /\bseats?\b/, use: 'command, slot' },
  { old: /\bluggage\b/, use: 'batch bytes' },
  { old: /\bdrops?\b/, use: 'permit', only: /^libs\/queue\// },
  { old: /\bdrips?\b/, use: 'refill' },
  { old: /\bgive back\b/, use: 'refund' },
  { old: /\bplatforms?\b/, use: 'peer exchange' },
  { old: /\bhandovers?\b/, use: 'cross-replica batching' },
  { old: /\b(?:guests?|lodges?)\b/, use: 'remote call, claim' },
  { old: /\bstand backs?\b/, use: 'back off' },
  { old: /\bgo(?:es|ing)? again\b|^again$/, use: 'retry', except: tests },
  { old: /\b(?:in )?doubts?\b/, use: 'unknown outcome' },
  { old: /\bwish(?:es)?\b/, use: 'access request' },
  { old: /\bwhy not\b/, use: 'denial reason' },
  { old: /\bmay touch\b/, use: 'can use' },
  { old: /\btrails?\b/, use: 'audit context' },
  { old: /\bcouriers?\b/, use: 'delivery worker' },
  { old: /\bpokes?\b/, use: 'wake' },
  { old: /\bbinders?\b/, use: 'binding reconciler' },
  { old: /\bscouts?\b/, use: 'plan detector' },
  { old: /\btrials?\b/, use: 'webhook probe' },
  { old: /\broll call\b/, use: 'replica registry' },
  { old: /^(?:most|longest|heaviest|shortest)\b/, use: 'max…, min…', except: tests },
  { old: /\b(?:ground|surroundings)\b/, use: 'dependencies' },
  { old: /\b(?:told|tells?)\b/, use: 'return, report, log, notify' },
  { old: /\b(?:heard?|hears)\b/, use: 'receive, record' },
  { old: /\b(?:troubles?|ill)\b/, use: 'grant issue, fault' },
  { old: /\bchains?\b/, use: 'token family' },
  { old: /\basked\b/, use: 'requested', except: tests },
  { old: /\bkept\b/, use: 'stored, saved', except: tests },
  { old: /\banew\b/, use: 'again, re…' },
];

/** Names that a rule would report and that stay, each with its reason. */
const exceptions = [];

const wordsOf = (name) =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
    .toLowerCase();

/** Returns the rule that a name in this file breaks; undefined if there is none. */
export function brokenBy(name, path) {
  if (exceptions.some((it) => it.names.test(name) && it.files.test(path))) return undefined;
  const words = wordsOf(name);
  return rules.find(({ old, only, except }) => (only?.test(path) ?? true) && !except?.test(path) && old.test(words));
}

const named = new Set([
  'ClassDeclaration',
  'FunctionDeclaration',
  'TSEnumDeclaration',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'VariableDeclarator',
]);
const members = new Set([
  'MethodDefinition',
  'Property',
  'PropertyDefinition',
  'TSAbstractMethodDefinition',
  'TSEnumMember',
  'TSMethodSignature',
  'TSPropertySignature',
]);

/** Whether the identifier declares its name. */
function declares(node) {
  const { parent } = node;
  if (named.has(parent.type) && parent.id === node) return true;
  if (members.has(parent.type)) {
    if (parent.parent.type === 'ObjectPattern') return parent.value === node && !parent.shorthand;
    return !parent.computed && (parent.key === node || parent.id === node);
  }
  if (parent.type === 'AssignmentPattern') return parent.left === node && parent.parent.type !== 'Property';
  if (parent.type === 'ArrayPattern' || parent.type === 'RestElement') return true;
  return 'params' in parent && Array.isArray(parent.params) && parent.params.includes(node);
}

const names = {
  meta: { type: 'suggestion', schema: [] },
  create(context) {
    const path = context.filename.slice(context.cwd.length + 1).replaceAll('\\', '/');
    return {
      Identifier(node) {
        const broken = declares(node) && brokenBy(node.name, path);
        if (!broken) return;
        context.report({ node, message: `${node.name}: use "${broken.use}" (docs/glossary.md).` });
      },
    };
  },
};

/** The ESLint plugin with this rule. */
export const vocabulary = { rules: { names } };

async function count() {
  const { ESLint } = await import('eslint');
  const { parser } = await import('typescript-eslint').then((it) => it.default);
  const eslint = new ESLint({
    overrideConfigFile: true,
    overrideConfig: [
      { ignores: ['**/dist/', '**/*.gen.ts'] },
      {
        files: ['**/*.ts', '**/*.tsx'],
        languageOptions: { parser },
        linterOptions: { reportUnusedDisableDirectives: 'off' },
        plugins: { vocabulary },
        rules: { 'vocabulary/names': 'error' },
      },
    ],
  });
  const found = (await eslint.lintFiles(['apps', 'libs', 'test'])).flatMap(({ filePath, messages }) => {
    const path = filePath.slice(process.cwd().length + 1);
    return messages
      .filter(({ ruleId }) => ruleId === 'vocabulary/names')
      .map(({ line, message }) => ({ path, line, message }));
  });
  if (process.argv.includes('--list')) for (const it of found) console.log(`${it.path}:${it.line} ${it.message}`);
  const by = (key) => {
    const groups = new Map();
    for (const it of found) groups.set(key(it), [...(groups.get(key(it)) ?? []), it]);
    return [...groups].sort(([, a], [, b]) => b.length - a.length);
  };
  const folder = ({ path }) => /^(?:apps\/gateway\/src\/[^/]+|[^/]+\/[^/]+)/.exec(path)[0];
  for (const [room, its] of by(folder)) console.log(String(its.length).padStart(5), room);
  console.log();
  for (const [use, its] of by(({ message }) => /"(.*)"/.exec(message)[1])) {
    console.log(String(its.length).padStart(5), `→ ${use}`);
  }
  console.log(`\n${found.length} names in all`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await count();
