import { Browser, type BrowserPage } from './browser';

const html = { Accept: 'text/html' };

/** A form of a page, as a browser would post it. */
interface PageForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A person who is asked for consent, with a browser. */
export class PersonAtConsent {
  page: BrowserPage | undefined;

  constructor(private readonly browser = new Browser()) {}

  async open(url: string | URL): Promise<BrowserPage> {
    this.origin = new URL(url).origin;
    return (this.page = await this.browser.open(url, { headers: html }));
  }

  /** Posts the first form of the page that has this field or button, filled in. */
  async post(filled: Record<string, string>, headers: Record<string, string> = {}): Promise<BrowserPage> {
    const { action, fields } = this.form;
    const body = new URLSearchParams({ ...fields, ...filled });
    const own = { Origin: this.origin, 'Sec-Fetch-Site': 'same-origin' };
    const init = { method: 'POST', headers: { ...html, ...own, ...headers }, body };
    return (this.page = await this.browser.open(`${this.origin}${action}`, init));
  }

  /** Enters a key and allows what the next page says. Returns where the app gets its answer. */
  async allow(url: string | URL, key: string): Promise<URL> {
    await this.open(url);
    await this.post({ key });
    await this.post({ step: 'allow' });
    return this.returned;
  }

  /** Where the last page leads. */
  get returned(): URL {
    const [, url] = /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(this.page?.html ?? '') ?? [];
    if (url === undefined) throw new Error(`This page leads nowhere: ${this.page?.html}`);
    return new URL(unescaped(url));
  }

  /** The first form of the page. */
  get form(): PageForm {
    const [, action, content = ''] =
      /<form action="([^"]*)" method="post">([^]*?)<\/form>/.exec(this.page?.html ?? '') ?? [];
    if (action === undefined) throw new Error(`This page has no form: ${this.page?.html}`);
    const fields = [...content.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)];
    return { action, fields: Object.fromEntries(fields.map(([, name = '', value = '']) => [name, unescaped(value)])) };
  }

  private origin = '';
}

function unescaped(text: string): string {
  return text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
}
