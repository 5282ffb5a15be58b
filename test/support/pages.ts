import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import GithubSlugger from 'github-slugger';
import { marked, type Token, type Tokens } from 'marked';

/** A fence of a page. `lang` is its first word; `marks` are the words behind it: ```` ```sh run ````. */
export interface Fence {
  readonly lang: string;
  readonly marks: readonly string[];
  readonly text: string;
}

/** A page of the documentation, read as GitHub reads it. */
export class DocPage {
  private readonly tokens: Token[] = [];

  constructor(readonly path: string) {
    void marked.walkTokens(marked.lexer(readFileSync(path, 'utf8')), (token) => {
      this.tokens.push(token);
    });
  }

  /** Every page of this repository. */
  static all(): DocPage[] {
    const deep = ['docs', 'apps', 'libs', 'docker', 'test', '.github'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
    const paths = [...readdirSync('.'), ...deep].filter((path) => path.endsWith('.md'));
    return paths.sort().map((path) => new DocPage(path));
  }

  get links(): string[] {
    return this.tokens.filter((it): it is Tokens.Link => it.type === 'link').map(({ href }) => href);
  }

  get images(): { readonly href: string; readonly text: string }[] {
    return this.tokens.filter((it): it is Tokens.Image => it.type === 'image');
  }

  /** What GitHub calls its headings. */
  get anchors(): Set<string> {
    const slugger = new GithubSlugger();
    const headings = this.tokens.filter((it): it is Tokens.Heading => it.type === 'heading');
    return new Set(headings.map(({ tokens }) => slugger.slug(wordsOf(tokens))));
  }

  get fences(): Fence[] {
    return this.tokens
      .filter((it): it is Tokens.Code => it.type === 'code' && 'lang' in it)
      .map(({ lang: words = '', text }) => {
        const [lang = '', ...marks] = words.split(' ');
        return { lang, marks, text };
      });
  }
}

function wordsOf(tokens: readonly Token[]): string {
  return tokens
    .map((it) => ('tokens' in it && it.tokens ? wordsOf(it.tokens) : 'text' in it ? (it.text as string) : ''))
    .join('');
}
