import { csvCell, csvHead, csvRow, prefersCsv } from './audit-csv';

const entry = {
  ...{ id: '9f2c', at: '2026-11-01T09:00:00.000Z', by: 'services' as const, actor: 'c_1', action: 'addBacklog' },
  ...{ status: 201, outcome: 'done', requestId: 'r', ids: { groupId: 125 } },
};

describe('a cell of the exported audit log', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '  =cmd|calc!A0'])('is no formula: %j', (text) => {
    expect(csvCell(text)).toBe(`"'${text}"`);
  });

  it.each([
    ['plain', '"plain"'],
    ['', '""'],
    ['a,b;c', '"a,b;c"'],
    ['say "hi"', '"say ""hi"""'],
    ['two\nlines', '"two\nlines"'],
    ['1-1', '"1-1"'],
  ])('of %j is %s', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });
});

describe('a row of the exported audit log', () => {
  it('has a cell for each column, and no formula in a name or an id', () => {
    const row = csvRow({ ...entry, name: '=HYPERLINK("http://x")', requestId: '-r' });
    expect(row.endsWith('\r\n')).toBe(true);
    expect(row).toContain(`"'=HYPERLINK(""http://x"")"`);
    expect(row).toContain(`"'-r"`);
    expect(row.trimEnd().split('","')).toHaveLength(csvHead.split(',').length);
    expect(row).toContain('"groupId 125"');
  });
});

describe('the form of the audit log', () => {
  it.each([
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    ['text/csv', true],
    ['text/csv;q=0.5, application/json', false],
    ['text/html', false],
  ])('for Accept %s is CSV: %s', (accept, isCsv) => {
    expect(prefersCsv(accept)).toBe(isCsv);
  });
});
