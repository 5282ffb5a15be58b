import type { DeclaredMethod } from './declarations';

const columns = ['method of Bitrix24', 'operation', 'path below `/v1/portals/{portal}`', 'scope', 'lost answer'];

const lostAnswers = {
  unique: 'looked up; sent again if it does not exist and the first request can’t run any more',
  state: 'looked up; sent again if nothing has changed and the first request can’t run any more',
  repeatable: 'sent again once the first request can’t run any more: the last write wins',
  removal: 'deleted again: not found means deleted',
  unsettled: 'never sent again: 504 `outcome_unknown` says where to look',
};
const ofRead = 'a read changes nothing; ask again';

/** Returns docs/coverage.md, which `npm run openapi` writes. */
export function coveragePage(methods: readonly DeclaredMethod[]): string {
  const rows = methods.map(({ method, version, id, verb, path, scope, lost }) => [
    `\`${method}\`${version === 3 ? ' (version 3)' : ''}`,
    `\`${id}\``,
    `\`${verb.toUpperCase()} /${path.replace(/:(\w+)/g, '{$1}')}\``,
    `\`${scope}\``,
    lost ? lostAnswers[lost.kind] : ofRead,
  ]);
  return `# Coverage

Every method of Bitrix24 that has an operation of its own. \`npm run openapi\` makes this page from the declarations in
\`apps/gateway/src/resources\`.
How a lost answer is settled, and why: [decision 8](decisions/0008-lost-answers.md). Refusals: [faults](faults.md).

${tableOf([columns, ...rows])}
`;
}

/** Formats a Markdown table as prettier does. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [head, widths.map((width) => '-'.repeat(width)), ...body].map(line).join('\n');
}
