import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { DocPage } from '../support/pages';

const pages = DocPage.all();
const inside = (href: string) => !/^[a-z]+:/.test(href);

/** Where a link of a page leads to: a path of this repository, and an anchor there. */
function target(page: DocPage, href: string): { readonly path: string; readonly anchor: string } {
  const [file = '', anchor = ''] = decodeURI(href).split('#');
  return { path: file === '' ? page.path : normalize(join(dirname(page.path), file)), anchor };
}

describe('the documentation', () => {
  it('has pages, and every page of docs/ is reached from its index', () => {
    const index = new DocPage('docs/README.md');
    const reached = new Set(index.links.filter(inside).map((href) => target(index, href).path));
    const own = pages.map(({ path }) => path).filter((path) => /^docs\/[^/]+\.md$/.test(path));
    expect(own.length).toBeGreaterThan(20);
    expect(own.filter((path) => path !== index.path && !reached.has(path))).toEqual([]);
  });

  it('links to files and headings that are there', () => {
    const known = new Map(pages.map((page) => [page.path, page]));
    const broken = pages.flatMap((page) =>
      page.links.filter(inside).flatMap((href) => {
        const { path, anchor } = target(page, href);
        if (!existsSync(path)) return [`${page.path}: ${href} (no such file)`];
        const there = anchor === '' || known.get(path)?.anchors.has(anchor);
        return there ? [] : [`${page.path}: ${href} (no such heading)`];
      }),
    );
    expect(broken).toEqual([]);
  });

  it('shows images that are there, with words for who can not see them', () => {
    const images = pages.flatMap((page) => page.images.map((image) => ({ page, image })));
    expect(images.length).toBeGreaterThan(1);
    const missing = images.filter(({ page, image }) => !existsSync(target(page, image.href).path));
    expect(missing.map(({ page, image }) => `${page.path}: ${image.href}`)).toEqual([]);
    expect(images.filter(({ image }) => image.text.length < 10).map(({ image }) => image.href)).toEqual([]);
  });

  it('has snippets that a shell, or a reader of JSON, can read', () => {
    const fences = pages.flatMap((page) => page.fences.map((fence) => ({ path: page.path, ...fence })));
    const shell = fences.filter(({ lang }) => lang === 'sh' || lang === 'bash');
    expect(shell.length).toBeGreaterThan(10);
    const unread = shell.filter(({ text }) => spawnSync('bash', ['-n'], { input: text }).status !== 0);
    expect(unread.map(({ path, text }) => `${path}: ${text}`)).toEqual([]);
    const json = fences.filter(({ lang }) => lang === 'json');
    expect(json.filter(({ text }) => !parses(text)).map(({ path, text }) => `${path}: ${text}`)).toEqual([]);
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
