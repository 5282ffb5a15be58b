import { readFile } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { ConsolePage, launchChromium } from '../support/chromium';
import { EventTarget } from '../support/event-target';
import { eventually, HttpClient, World } from '../support/gateway';
import { VendorEvents } from '../support/vendor-events';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);

describe('a page of the console', () => {
  let world: World;
  let client: HttpClient;
  let browser: Browser;
  let acme: SimulatedPortal;
  let consolePage: ConsolePage;
  let target: EventTarget;
  let subscription: string;
  let job: string;

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
    client = await world.gateway({ EVENT_TARGET_HOSTS: '127.0.0.0/8:*' });
    acme = await portalNamed('acme');
    target = await EventTarget.listen();
    target.answer = () => ({ status: 500 });
    const wanted = { name: 'planning', url: target.url, events: ['ONTASKADD'] };
    subscription = (await client.call('POST', '/v1/subscriptions', wanted)).body.id as string;
    await new VendorEvents(world, client).post(acme.event('ONTASKADD', {}));
    const order = { portals: ['acme', 'initech'], call: { method: 'tasks.api.scrum.backlog.getFields' } };
    job = (await client.call('POST', '/v1/fan-out', order, { Prefer: 'respond-async' })).body.id as string;
    await (
      await failingService('planning', 'acme')
    )();
    await eventually(async () => (await client.get('/v1/calls?failed=true')).body.items.length > 0);
  });
  afterEach(() => consolePage.close());
  afterAll(async () => {
    await Promise.all([browser.close(), world.stop()]);
    await target.stop();
  });

  it.each([390, 1360])('shows all that it holds, at %s pixels', async (width) => {
    /** Each page, and what it is there for. */
    const pages: Record<string, string> = {
      '': 'tbody tr',
      '/connect': 'form',
      '/try': 'form',
      '/keys': 'tbody tr',
      '/apps': '.cards > li',
      '/jobs': 'tbody tr',
      [`/jobs/${job}`]: 'tbody tr',
      '/events': 'tbody tr',
      [`/events/${subscription}`]: 'tbody tr',
      '/audit': 'tbody tr',
      '/calls': 'tbody tr',
      '/health': 'tbody tr',
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

  it('says why nothing arrives, tests the target, and replays a dead letter', async () => {
    const page = await open();
    await consolePage.enter('/events');
    await page
      .getByRole('row', { name: /planning/ })
      .getByRole('cell', { name: 'The target answered 500.' })
      .waitFor();
    await page.getByRole('link', { name: 'planning' }).click();
    await page.getByRole('heading', { name: 'The target answered 500.' }).waitFor();
    await page.getByRole('button', { name: 'Send a test event' }).click();
    await page.getByText('The test event did not arrive').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('heading', { name: 'Paused: nothing is sent' }).waitFor();
    // As after twelve attempts.
    const redis = world.redis.client();
    const [waiting = ''] = await redis.zrange(`b24:{events}:${subscription}:due`, '0', '-1');
    await redis.zadd(`b24:{events}:${subscription}:dead`, Date.now(), waiting);
    await redis.zrem(`b24:{events}:${subscription}:due`, waiting);
    redis.disconnect();
    await page.getByText('Nothing waits.').waitFor();
    await page.getByRole('button', { name: 'Replay …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Replay dead letters' });
    await dialog.getByLabel('Given up since').fill('2026-01-01T00:00');
    await dialog.getByRole('button', { name: 'Replay', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('None. An event becomes one').waitFor();
    target.answer = () => ({ status: 204 });
    await page.getByRole('button', { name: 'Resume' }).click();
    await eventually(async () => (await client.get(`/v1/subscriptions/${subscription}`)).body.waiting === 0);
    await page.getByText('Delivering').waitFor();
    await consolePage.go(`/portals/${acme.memberId}`);
    await page.getByRole('heading', { name: 'Events', exact: true }).waitFor();
  });

  it('shows which portals of a job failed and why, and retries them', async () => {
    const page = await open();
    await consolePage.enter('/jobs');
    const row = page.getByRole('row', { name: /Call tasks\.api\.scrum\.backlog\.getFields on 2 portals/ });
    await row.getByText('1 × portal_not_found').waitFor();
    await row.getByRole('cell', { name: 'Administrator' }).waitFor();
    await row.getByRole('link').click();
    await page.waitForURL(`${client.url}/console/jobs/${job}`);
    const failed = page.getByRole('row', { name: /initech/ });
    await failed.getByText('portal_not_found', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Failed 1' }).click();
    await page.getByRole('row', { name: /acme/ }).waitFor({ state: 'detached' });
    await portalNamed('initech');
    await page.getByRole('button', { name: 'Retry the failed ones' }).click();
    await page.getByRole('heading', { name: /on 1 portal$/ }).waitFor();
    await page
      .getByRole('row', { name: /initech/ })
      .getByText('done', { exact: true })
      .waitFor();
    await page.getByRole('link', { name: job }).waitFor();
  });

  it('finds a key among hundreds, edits it, and the service has its new rights at once', async () => {
    const wanted = { scopes: ['portals:read', 'backlog:read'], portals: ['acme'] };
    const { body } = await client.call('POST', '/v1/clients', { name: 'timesheets', ...wanted });
    const service = new HttpClient(client.url, body.key as string);
    await service.get('/v1/portals');
    await Promise.all(
      Array.from({ length: 120 }, (_, n) =>
        client.call('POST', '/v1/clients', { name: `robot ${n}`, scopes: ['call'] }),
      ),
    );
    const page = await open();
    await consolePage.enter('/keys');
    await page.getByText(/^100 of \d+ keys$/).waitFor();
    await page.getByRole('searchbox', { name: 'Search' }).fill('timesh');
    const row = page.getByRole('row', { name: /timesheets/ });
    await row.getByText('a moment ago').waitFor();
    await page.getByRole('row', { name: /robot/ }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).search).toBe('?search=timesh');
    await row.getByRole('button', { name: 'Edit … timesheets' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit timesheets' });
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
    await dialog.getByLabel(/portals:read/).uncheck();
    await dialog.getByLabel('Calls a second, at most').fill('7');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await row.getByText('7 a second, 7 at once').waitFor();
    expect((await service.get('/v1/portals')).body.code).toBe('not_allowed');
  });

  it('shows people or services in the audit log, by a link, and exports what it shows', async () => {
    const { body } = await client.call('POST', '/v1/clients', { name: 'writer', scopes: ['portals:write'] });
    await new HttpClient(client.url, body.key as string).call('PATCH', '/v1/portals/acme', { tags: ['emea'] });
    const page = await open();
    await consolePage.enter('/audit?by=services');
    await page.getByRole('row', { name: /writer/ }).waitFor();
    await page.getByRole('button', { name: 'People' }).click();
    await page.getByRole('row', { name: /writer/ }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).search).toBe('?by=people');
    await page.getByText('No entries match these filters.').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Services' }).click();
    await page.getByRole('row', { name: /writer/ }).waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export CSV' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^audit-\d{4}-\d\d-\d\d\.csv$/);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.slice(1).filter((it) => !it.includes('"services"'))).toEqual([]);
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
    const live = main.getByRole('region', { name: 'Live figures' });
    expect(await live.locator('figure .now').allInnerTexts()).toEqual(Array.from({ length: 6 }, () => '–'));
    await page.unroute('**/console/live*');
    await page.getByText('Working', { exact: true }).waitFor();
    await page.locator('.problems > li', { hasText: 'No such backlog' }).waitFor();
  });
});
