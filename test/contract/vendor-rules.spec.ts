import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DocPage } from '../support/pages';

const page = 'docs/bitrix24-rules.md';
const sources = ['apps', 'libs', 'scripts', 'test']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
  .filter((path) => /\.(?:tsx?|mjs|lua)$/.test(path) && !/(?:^|\/)(?:node_modules|dist)\//.test(path))
  .filter((path) => path !== 'test/contract/vendor-rules.spec.ts')
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

describe('citations of the rules of Bitrix24', () => {
  const citations = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/docs\/bitrix24-rules\.md(?:#([\w-]+))?/g)].map(([, anchor = '']) => ({ path, anchor })),
  );

  it('name a section that the page has', () => {
    const { anchors } = new DocPage(page);
    expect(citations.length).toBeGreaterThan(40);
    expect(citations.filter(({ anchor }) => !anchors.has(anchor))).toEqual([]);
  });

  it('name no section by its number', () => {
    const byNumber = /(?:\(|^[\s/*]*)sections? \d|\bsections? \d[^.]{0,20}\brules?\b/im;
    expect(sources.filter(({ text }) => byNumber.test(text)).map(({ path }) => path)).toEqual([]);
  });
});
