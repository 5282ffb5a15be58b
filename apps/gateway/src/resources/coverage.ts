import type { Declaration } from './declaration';

const columns = ['method of Bitrix24', 'operation', 'call, below `/v1/portals/{portal}`', 'scope', 'a lost answer'];

const lostAnswers = {
  unique: 'looked up; sent again once the first can’t run any more, if it is not there',
  state: 'looked up; sent again once the first can’t run any more, if nothing has changed',
  repeatable: 'sent again once the first can’t run any more: the last write wins',
  removal: 'deleted again: not found means gone',
  unsettled: 'never sent again: 504 `outcome_unknown`, and where to look',
};
const ofRead = 'nothing was changed; ask again';

/** docs/coverage.md; `npm run openapi` writes it. */
export function coveragePage(declarations: readonly Declaration[]): string {
  const rows = declarations.map(({ method, id, verb, path, scope, lost }) => [
    `\`${method}\``,
    `\`${id}\``,
    `\`${verb.toUpperCase()} /${path.replace(/:(\w+)/g, '{$1}')}\``,
    `\`${scope}\``,
    lost ? lostAnswers[lost.kind] : ofRead,
  ]);
  return `# Coverage

Made of the declarations (\`apps/gateway/src/resources/declarations.ts\`) by \`npm run openapi\`; a test holds it to them.
What is settled how, and why: [decision 8](decisions/0008-writes-once.md). Refusals: [faults](faults.md).

${tableOf([columns, ...rows])}
`;
}

/** As prettier has it. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [head = [], ...body] = rows;
  return [head, widths.map((width) => '-'.repeat(width)), ...body].map(line).join('\n');
}
