import { readFileSync } from 'node:fs';
import { Fault } from './fault';
import { faultCodes, faultTable } from './fault-table';

/** The rows of docs/faults.md: code → status and what it says of going again. */
const documented = new Map(
  [...readFileSync('docs/faults.md', 'utf8').matchAll(/^\| `(\w+)` *\| (\d+) *\|[^|]*\| (\w+) *\|/gm)].map(
    ([, code = '', status, again]) => [code, { status: Number(status), again }],
  ),
);
const openapi = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  components: {
    schemas: { Problem: { properties: { code: { enum: string[] } } } };
    responses: Record<string, { content: Record<string, { examples: object }> }>;
  };
  paths: Record<string, Record<string, { responses: Record<string, { $ref?: string }> }>>;
};
const said = { never: 'never', safe: 'safe', unsafe: 'reads' };

describe('the fault table', () => {
  it('tells a caller or an operator what to do in docs/faults.md, once for each code', () => {
    const rows = readFileSync('docs/faults.md', 'utf8').match(/^\| `.*$/gm) ?? [];
    const reported = rows.map((row) => row.split('|').map((cell) => cell.trim()));
    expect(reported.filter(([, , , , , caller, operator]) => caller === '–' && operator === '–')).toEqual([]);
    const codes = reported.map(([, code]) => code);
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([]);
  });

  it('is explained row by row in docs/faults.md, and nothing else is', () => {
    const rows = faultCodes.map((code) => [
      code,
      { status: faultTable[code].status, again: said[faultTable[code].retry] },
    ]);
    expect([...documented]).toEqual(rows);
  });

  it('is the closed list of codes in openapi.json', () => {
    expect(openapi.components.schemas.Problem.properties.code.enum).toEqual(faultCodes);
  });

  it('gives each code the status under which openapi.json shows it', () => {
    const shown = Object.values(openapi.paths).flatMap((path) =>
      Object.values(path).flatMap(({ responses }) =>
        Object.entries(responses).flatMap(([status, { $ref = '' }]) => {
          const content = openapi.components.responses[$ref.split('/').at(-1) ?? '']?.content;
          const examples = content?.['application/problem+json']?.examples ?? {};
          return Object.keys(examples).map((code) => [code, Number(status)] as const);
        }),
      ),
    );
    expect(shown.length).toBeGreaterThan(1000);
    for (const [code, status] of shown) expect([code, faultTable[code as 'queue_full'].status]).toEqual([code, status]);
  });

  it('lets a read be made again where a write may have been carried out', () => {
    const unknown = new Fault('outcome_unknown');
    expect([unknown.retryable('read'), unknown.retryable('write')]).toEqual([true, false]);
    const full = new Fault('queue_full');
    expect([full.retryable('read'), full.retryable('write')]).toEqual([true, true]);
    const denied = new Fault('access_denied');
    expect([denied.retryable('read'), denied.retryable('write')]).toEqual([false, false]);
  });
});
