import { readFileSync } from 'node:fs';

const text = (path: string) => readFileSync(path, 'utf8');
const inCode = (path: string, name: string) =>
  Number(new RegExp(`const ${name} = ([\\d_]+);`).exec(text(path))?.[1]?.replaceAll('_', '')) / 1000;
const words = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];

describe('what the documents say of the lease of a refresh', () => {
  const lease = inCode('libs/grants/src/refresh-lease.ts', 'leaseMs');
  const unreported = inCode('libs/grants/src/refresh-lease.ts', 'unsavedPairMs');

  it('is what the code does, in seconds', () => {
    expect(text('docs/storage.md')).toContain(`${lease} s after its holder's last word`);
    const decision = text('docs/decisions/0011-token-refresh.md').replace(/\s+/g, ' ');
    expect(decision).toContain(`keeps its portal waiting for ${words[lease]} seconds`);
    expect(decision).toContain(`leaves it free for ${words[unreported]} second:`);
    expect(text('docs/reliability.md').replace(/\s+/g, ' ')).toContain(`up to ${words[lease + unreported]} seconds`);
  });

  it('is said of each key of Redis in one row', () => {
    const keys = [...text('docs/storage.md').matchAll(/^\| (`b24:[^|]*`) +\|/gm)].map(([, key]) => key);
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });
});
