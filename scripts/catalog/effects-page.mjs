import { verbOf } from './effect.mjs';

/** Returns the page that lists methods by effect and verb, and the decisions that the names do not show. */
export function effectsPage(records, corrections, doubts) {
  return [
    '# Effects of methods',
    '',
    'Which methods of Bitrix24 read, and why? `npm run catalog` writes this page from [the catalog](catalog.md).',
    '',
    'The last part of a name decides. A method counts as a write where the name or the page leaves a doubt. A consuming method reads and',
    'changes what it reads: like a write, it is never repeated and shares no answer.',
    '',
    '## Decided by hand',
    '',
    '| method | effect | reason |',
    '| --- | --- | --- |',
    ...decided(corrections).map(([name, effect, reason]) => `| \`${name}\` | ${effect} | ${reason} |`),
    '',
    '## Doubtful, so a write',
    '',
    '| method | doubt |',
    '| --- | --- |',
    ...doubts.map(({ name, doubt }) => `| \`${name}\` | ${doubt} |`),
    '',
    ...['read', 'consuming', 'write'].flatMap((effect) => verbLines(records, effect)),
  ].join('\n');
}

function decided(corrections) {
  const effects = corrections.filter(({ effect }) => effect !== undefined);
  return effects.map(({ method, effect, reason }) => [method, effect, reason]).sort();
}

const maxNames = 3;

function verbLines(records, effect) {
  const byVerb = new Map();
  for (const [name, record] of records) {
    if (record.effect === effect) byVerb.set(verbOf(name), [...(byVerb.get(verbOf(name)) ?? []), name]);
  }
  const verbs = [...byVerb].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  return [`## Verbs that ${effect === 'consuming' ? 'consume' : effect}`, '', ...verbs.map(verbLine), ''];
}

function verbLine([verb, names]) {
  return `- ${verb} (${names.length})${names.length > maxNames ? '' : `: ${names.map((it) => `\`${it}\``).join(', ')}`}`;
}
