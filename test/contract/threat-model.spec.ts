import { readFileSync } from 'node:fs';

const page = readFileSync('docs/threat-model.md', 'utf8');
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (attack|target) |^\| -/.test(line));
/** The last cell of a row: `path` › title. */
const named = rows.map((row) => /\| `([^`]+\.spec\.ts)` › (.+?) *\|$/.exec(row));
const written = (title: string) => [`'${title}'`, `"${title}"`, `\`${title}\``];

describe('the threat model', () => {
  it('names a test for every threat', () => {
    expect(rows.length).toBeGreaterThan(40);
    expect(rows.filter((_, i) => !named[i])).toEqual([]);
  });

  it.each(named.map((it) => [it?.[2] ?? '', it?.[1] ?? '']))('names a test that exists: %s', (title, path) => {
    const source = readFileSync(path, 'utf8');
    expect(written(title).some((text) => source.includes(text))).toBe(true);
  });
});
