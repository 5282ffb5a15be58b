import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { adminKey, eventually, type HttpClient } from './gateway';

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const names = ['chromium', 'chromium-browser', 'google-chrome'];
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

function program(): string {
  const found = process.env['CHROMIUM'] ?? names.find((name) => spawnSync('which', [name]).status === 0);
  if (!found)
    throw new Error('No Chromium was found: run `npm test`, which installs it, or set CHROMIUM to its program.');
  return found.includes('/') ? found : spawnSync('which', [found]).stdout.toString().trim();
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: program(), args: flags });
}

/** Run in the page. An element holds something when it has text of its own, or is drawn without any. */
const unseen = `(() => {
  const isMeantToHide = '.hidden, [class*="only-"], details:not([open]) > :not(summary), select > *';
  const isDrawn = 'canvas, input, select, textarea, button, meter, progress';
  const hasText = ({ nodeType, textContent }) => nodeType === Node.TEXT_NODE && textContent.trim() !== '';
  return [...document.querySelectorAll('main *')]
    .filter((it) => it.matches(isDrawn) || [...it.childNodes].some(hasText))
    .filter((it) => !it.closest(isMeantToHide))
    .filter((it) => {
      const { width, height } = it.getBoundingClientRect();
      return width === 0 || height === 0 || !it.checkVisibility({ visibilityProperty: true });
    })
    .map(({ tagName, className, textContent }) => tagName + '.' + className + ' “' + textContent + '”');
})()`;

/** A page of the console, with everything that its browser complained of or asked of anyone else. */
export class ConsolePage {
  readonly complaints: string[] = [];
  readonly elsewhere: string[] = [];

  private constructor(
    readonly client: HttpClient,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on('console', (message) => {
      // A refusal is an answer, and the browser reports each that is no 2xx.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(client.url)) this.elsewhere.push(request.url());
    });
  }

  static async open(browser: Browser, client: HttpClient, options: BrowserContextOptions = {}): Promise<ConsolePage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = new ConsolePage(client, context, await context.newPage());
    await page.go('/');
    return page;
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.client.url}/console${path === '/' ? '' : path}`);
  }

  /** Waits until an expression is true. Playwright's own wait evaluates it in the page, where the policy forbids that. */
  until(expression: string): Promise<void> {
    return eventually(async () => (await this.page.evaluate(expression)) === true);
  }

  async signIn(key = adminKey): Promise<void> {
    await this.page.getByLabel('Administrator’s key').fill(key);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** Signed in, and the page there. */
  async enter(path = '/'): Promise<void> {
    await this.signIn();
    await this.page.getByRole('heading', { name: 'Portals', level: 1 }).waitFor();
    if (path !== '/') await this.go(path);
  }

  /** What axe finds that is serious or critical: the rule, and where. `theirs` are rules that only a library's code breaks. */
  async barriers(theirs: readonly string[] = []): Promise<string[]> {
    // Isolated from the page's policy, which would not let a script in.
    await this.page.evaluate(axe);
    const found = await this.page.evaluate(async () => {
      const run = (globalThis as unknown as { axe: { run(): Promise<AxeResult> } }).axe;
      return (await run.run()).violations;
    });
    return found
      .filter(({ id, impact }) => (impact === 'serious' || impact === 'critical') && !theirs.includes(id))
      .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
  }

  /** How much wider the page is than what shows it, in pixels. */
  overflow(): Promise<number> {
    return this.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  }

  /** What the page holds and nobody sees, though nothing says that it is hidden at this width: its tag, class and text. */
  unseen(): Promise<string[]> {
    return this.page.evaluate(unseen);
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}
