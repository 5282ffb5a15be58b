import type { Browser } from 'playwright-core';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { ConsolePage, launchChromium } from '../support/chromium';
import { HttpClient, World } from '../support/gateway';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);

describe('a page of the console', () => {
  let world: World;
  let client: HttpClient;
  let browser: Browser;
  let acme: SimulatedPortal;
  let consolePage: ConsolePage;

  const portalNamed = async (alias: string) => {
    const portal = await world.installed(client, { groups: [125], backlogs: [] });
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { alias });
    return portal;
  };
  /** A service of its own, whose every call is of a backlog that is not there. */
  const failingService = async (name: string, portal: string) => {
    const { body } = await client.call<{ key: string }>('POST', '/v1/clients', { name, scopes: ['backlog:read'] });
    const service = new HttpClient(client.url, body.key);
    return () => service.get(`/v1/portals/${portal}/groups/999/backlog`);
  };
  const open = async (width = 1360) => {
    consolePage = await ConsolePage.open(browser, client, { viewport: { width, height: 900 } });
    return consolePage.page;
  };

  beforeAll(async () => {
    [world, browser] = await Promise.all([World.start(), launchChromium()]);
    client = await world.gateway();
    acme = await portalNamed('acme');
    const order = { portals: ['acme'], call: { method: 'tasks.api.scrum.backlog.getFields' } };
    await client.call('POST', '/v1/fan-out', order, { Prefer: 'respond-async' });
    await (
      await failingService('planning', 'acme')
    )();
  });
  afterEach(() => consolePage.close());
  afterAll(async () => {
    await Promise.all([browser.close(), world.stop()]);
  });

  it.each([390, 1360])('shows all that it holds, at %s pixels', async (width) => {
    /** Each page, and what it is there for. */
    const pages: Record<string, string> = {
      '': 'tbody tr',
      '/connect': 'form',
      '/try': 'form',
      '/keys': '.cards > li',
      '/apps': '.cards > li',
      '/jobs': '.cards > li',
      '/audit': 'tbody tr',
      '/sessions': '.cards > li',
      [`/portals/${acme.memberId}`]: '.problems > li',
      '/nowhere': '.empty',
    };
    const page = await open(width);
    const found = (await consolePage.unseen()).map((it) => `sign-in: ${it}`);
    await consolePage.enter();
    const links = await page.locator('header nav a').all();
    const named = await Promise.all(links.map((it) => it.getAttribute('href')));
    expect(named.map((it) => `${it}`.replace('/console', '')).filter((it) => !(it in pages))).toEqual([]);
    for (const [path, content] of Object.entries(pages)) {
      await consolePage.go(path);
      const things = page.locator('main').locator(content);
      // Attached, not visible: whether it is seen is what is asked below.
      await things.last().waitFor({ state: 'attached' });
      const boxes = await Promise.all((await things.all()).map((it) => it.boundingBox()));
      if (!boxes.every((it) => it && it.width > 0 && it.height > 0)) found.push(`${path}: no ${content} is seen`);
      found.push(...(await consolePage.unseen()).map((it) => `${path}: ${it}`));
    }
    expect(found).toEqual([]);
  });

  it('keeps an opened problem where it is, open, and says what came since', async () => {
    const portal = await portalNamed('globex');
    const [first, second, third] = await Promise.all(
      ['first', 'second', 'third'].map((name) => failingService(name, 'globex')),
    );
    await first?.();
    const page = await open();
    await consolePage.enter(`/portals/${portal.memberId}`);
    const rows = page.locator('.problems > li');
    const of = (name: string) => rows.filter({ hasText: `called by ${name}` });
    await of('first').locator('summary').click();
    await of('first').getByText('backlog_not_found', { exact: true }).waitFor();
    await second?.();
    await third?.();
    for (let calls = 0; calls < 24; calls++) await first?.();
    await page.getByText('2 new').waitFor();
    await of('first').getByText('25 times').waitFor();
    expect(await rows.count()).toBe(1);
    await page.getByRole('button', { name: 'Show them' }).click();
    await of('second').waitFor();
    await of('third').waitFor();
    const [top] = await rows.allTextContents();
    expect(top).toContain('called by first');
    expect(await of('first').getByText('backlog_not_found', { exact: true }).isVisible()).toBe(true);
  });

  it('calls nothing none, nor working, that it could not ask for', async () => {
    const page = await open();
    await page.route('**/console/live*', (route) => route.abort());
    await consolePage.enter(`/portals/${acme.memberId}`);
    await page.getByText('Reconnecting …').waitFor();
    await page.getByText('Not known', { exact: true }).waitFor();
    const main = page.locator('main');
    expect(await main.getByText('Not known yet.').count()).toBe(2);
    expect(await main.getByText(/Working|None since|No method has run|no answers|summed over/).count()).toBe(0);
    expect(await main.locator('figure .now').allInnerTexts()).toEqual(Array.from({ length: 6 }, () => '–'));
    await page.unroute('**/console/live*');
    await page.getByText('Working', { exact: true }).waitFor();
    await page.locator('.problems > li', { hasText: 'No such backlog' }).waitFor();
  });
});
