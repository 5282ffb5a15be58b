import type { Browser, Locator } from 'playwright-core';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { ConsolePage, launchChromium } from '../support/chromium';
import { eventually, HttpClient, World } from '../support/gateway';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);

/** The cell with the result of a call, on a wide page. */
const resultOf = (row: Locator, code: string) => row.locator('td.only-wide').getByText(code, { exact: true });

describe('the calls in the console', () => {
  let world: World;
  let client: HttpClient;
  let service: HttpClient;
  let browser: Browser;
  let acme: SimulatedPortal;
  let consolePage: ConsolePage;

  beforeAll(async () => {
    [world, browser] = await Promise.all([World.start(), launchChromium()]);
    client = await world.gateway();
    acme = await world.installed(client, { burst: 1000, drainPerSecond: 100, groups: [125], backlogs: [] });
    await client.call('PATCH', `/v1/portals/${acme.memberId}`, { alias: 'acme' });
    const scopes = ['call', 'backlog:read'];
    const { body } = await client.call('POST', '/v1/clients', { name: 'planning', scopes });
    service = new HttpClient(client.url, body.key as string);
    await service.call('POST', '/v1/portals/acme/call/user.get', {}, { 'X-Request-Id': 'went-well' });
    await service.get('/v1/portals/acme/groups/999/backlog', { 'X-Request-Id': 'went-wrong' });
    await eventually(async () => (await client.get('/v1/calls?failed=true')).body.items.length > 0);
  });
  const open = async (path: string) => {
    consolePage = await ConsolePage.open(browser, client, { viewport: { width: 1360, height: 900 } });
    await consolePage.enter(path);
    return consolePage.page;
  };
  afterEach(async () => {
    expect([consolePage.elsewhere, consolePage.complaints]).toEqual([[], []]);
    await consolePage.close();
  });
  afterAll(async () => {
    await Promise.all([browser.close(), world.stop()]);
  });

  it('are found by their request, whose parts of time are shown, and by filters that the address holds', async () => {
    const page = await open('/calls');
    const rows = page.locator('tbody tr');
    const wrong = rows.filter({ hasText: 'went-wrong' });
    await resultOf(wrong, 'backlog_not_found').waitFor();
    expect(await wrong.innerText()).toMatch(
      /planning[^]*acme[^]*getBacklog[^]*queue \d+ ms, portal \d+ ms, rest \d+ ms/,
    );
    const right = rows.filter({ hasText: 'went-well' });
    await right.waitFor();
    await page.getByLabel('Result').selectOption('failed');
    await right.waitFor({ state: 'detached' });
    expect(new URL(page.url()).search).toBe('?code=failed');
    await wrong.getByRole('button', { name: 'went-wrong' }).click();
    await consolePage.until("location.search === '?requestId=went-wrong'");
    await page.getByLabel('Request id').fill('went-well');
    await right.waitFor();
    await wrong.waitFor({ state: 'detached' });
    await page.reload();
    await right.waitFor();
    expect(await page.getByLabel('Request id').inputValue()).toBe('went-well');
    await page.getByLabel('Request id').fill('nobody');
    await page.getByText('No calls match.').waitFor();
  });

  it('appear as they end while the page follows them, also after it was opened by its address', async () => {
    const page = await open('/calls?follow=1&portal=acme');
    await page.getByRole('button', { name: 'Stop following' }).waitFor();
    let made = 0;
    await eventually(async () => {
      const followed = { 'X-Request-Id': `followed-${++made}` };
      await service.call('POST', '/v1/portals/acme/call/user.get', {}, followed);
      return (await page.locator('tbody tr', { hasText: 'followed-' }).count()) > 0;
    });
    await page.getByRole('button', { name: 'Stop following' }).click();
    await consolePage.until("location.search === '?portal=acme'");
  });

  it('are linked from the problems of a portal, from an audit entry and from a job', async () => {
    const page = await open(`/portals/${acme.memberId}`);
    const problem = page.locator('.problems > li', { hasText: 'No such backlog' });
    await problem.locator('summary').click();
    await problem.getByRole('link', { name: 'went-wrong' }).click();
    await page.getByRole('heading', { level: 1, name: 'Calls' }).waitFor();
    await resultOf(page.locator('tbody tr', { hasText: 'went-wrong' }), 'backlog_not_found').waitFor();

    const order = { portals: ['acme'], call: { method: 'user.get' } };
    const asked = { 'X-Request-Id': 'made-a-job', Prefer: 'respond-async' };
    await service.call('POST', '/v1/fan-out', order, asked);
    await eventually(async () => (await client.get('/v1/calls?requestId=made-a-job')).body.items.length > 0);
    await consolePage.go('/jobs');
    await page.getByRole('link', { name: /^Call \S+ on/ }).click();
    await page.getByRole('link', { name: 'Its calls' }).click();
    await page.locator('tbody tr', { hasText: 'made-a-job' }).getByText('fanOut').waitFor();

    await consolePage.go('/audit?action=updatePortal');
    const entry = page.locator('tbody tr', { hasText: 'Portal changed' });
    const link = entry.getByRole('link', { name: /^[0-9a-f-]{36}$/ });
    const id = await link.innerText();
    await link.click();
    await consolePage.until(`location.pathname === '/console/calls' && location.search === '?requestId=${id}'`);
  });
});
