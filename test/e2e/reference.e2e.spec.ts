import type { Browser, BrowserContextOptions } from 'playwright-core';
import { ConsolePage, launchChromium } from '../support/chromium';
import { adminKey, type HttpClient, World } from '../support/gateway';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);
const phone = { width: 375, height: 740 };

describe('the reference at /docs', () => {
  let world: World;
  let client: HttpClient;
  let browser: Browser;
  let consolePage: ConsolePage;

  const open = async (options: BrowserContextOptions = {}, at = '') => {
    consolePage = await ConsolePage.open(browser, client, options);
    await consolePage.page.goto(`${client.url}/docs${at}`);
    await consolePage.page.locator('.opblock').first().waitFor();
    return consolePage.page;
  };

  beforeAll(async () => {
    [world, browser] = await Promise.all([World.start(), launchChromium()]);
    client = await world.gateway();
    const { memberId } = await world.installed(client, {
      groups: [125],
      backlogs: [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }],
    });
    await client.call('PATCH', `/v1/portals/${memberId}`, { alias: 'acme' });
  });
  afterEach(async () => {
    // Whatever a test did: nothing was asked of anyone else, and the policy was never in the way.
    expect([consolePage.elsewhere, consolePage.complaints]).toEqual([[], []]);
    await consolePage.close();
  });
  afterAll(async () => {
    await Promise.all([browser.close(), world.stop()]);
  });

  it('shows every operation of the document, by parts that a link leads to', async () => {
    const page = await open();
    const { body } = await client.get<{ paths: Record<string, object> }>('/openapi.json');
    const operations = Object.values(body.paths).flatMap((path) => Object.keys(path));
    expect(await page.locator('.opblock').count()).toBe(operations.length);
    await page.getByRole('navigation', { name: 'Parts of the API' }).getByRole('link', { name: 'jobs' }).click();
    await page.locator('#operations-tag-jobs:visible').waitFor();
    expect(new URL(page.url()).hash).toBe('#/jobs');
  });

  it('makes a real call with a key that is typed in, and keeps the key nowhere', async () => {
    const page = await open({}, '#/backlogs/getBacklog');
    await page.locator('.btn.authorize').first().click();
    await page.locator('.modal-ux input').fill(adminKey);
    await page.locator('.modal-ux .btn.authorize').click();
    await page.locator('.modal-ux .btn-done').click();
    const operation = page.locator('#operations-backlogs-getBacklog');
    await operation.getByRole('button', { name: 'Try it out' }).click();
    await operation.locator('tr[data-param-name="portal"] input').fill('acme');
    await operation.locator('tr[data-param-name="groupId"] input').fill('125');
    await operation.getByRole('button', { name: 'Execute' }).click();
    const answer = operation.locator('.live-responses-table');
    await answer.getByText('"groupId"').first().waitFor();
    expect(await answer.locator('tr.response .response-col_status').first().innerText()).toContain('200');
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).toBe('[{},{},""]');
  });

  it('finds any method of Bitrix24 by a part of its name, and shows its operation', async () => {
    const page = await open();
    const find = page.getByRole('searchbox', { name: 'a method of Bitrix24' });
    await find.fill('no.such.method');
    await page.getByText('Nothing has this in its name.').waitFor();
    await find.fill('scrum backlog add');
    await page.getByRole('link', { name: 'tasks.api.scrum.backlog.add', exact: true }).click();
    const operation = page.locator('#operations-task-tasksApiScrumBacklogAdd');
    await operation.locator('[data-path="/v1/portals/{portal}/call/tasks.api.scrum.backlog.add"]').waitFor();
    await operation.getByRole('button', { name: 'Try it out' }).waitFor();
    await page.getByRole('link', { name: 'The gateway’s operations' }).click();
    await page.locator('#operations-backlogs-getBacklog').waitFor();
  });

  it('finds operations by path, field and code of a problem, and opens one', async () => {
    const page = await open();
    const find = page.getByRole('searchbox', { name: 'a method of Bitrix24' });
    const found = page.locator('#found');
    await find.fill('createdBy');
    await found.getByText('field createdBy').nth(1).waitFor();
    await find.fill('backlog_already_exists');
    await found.getByText('Add a backlog to a group – code backlog_already_exists').waitFor();
    await find.fill('post /backlogs');
    await found.getByRole('link', { name: 'POST /v1/portals/{portal}/backlogs', exact: true }).click();
    await page.locator('#operations-backlogs-addBacklog .samples').waitFor();
  });

  it('shows a call of this host in four languages, of which one is chosen for all operations', async () => {
    const page = await open({}, '#/backlogs/addBacklog');
    const samples = page.locator('#operations-backlogs-addBacklog .samples');
    const code = samples.locator('code');
    const shown = async (language: string) => {
      await samples.getByRole('button', { name: language, exact: true }).click();
      return code.innerText();
    };
    const url = `${client.url}/v1/portals/acme/backlogs`;
    expect(await shown('curl')).toContain(`curl -X POST '${url}'`);
    expect(await shown('JavaScript')).toContain(`await fetch('${url}'`.replaceAll("'", '"'));
    expect(await shown('PHP')).toContain(`curl_init('${url}')`);
    expect(await shown('Python')).toContain(`"${url}",`);
    await page.locator('#operations-backlogs-getBacklog .opblock-summary-control').click();
    await page.locator('#operations-backlogs-getBacklog .samples').getByText('import requests').waitFor();
  });

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    it.each([
      ['a desk', { width: 1280, height: 900 }],
      ['a phone', phone],
    ])('has no serious barrier and nothing that sticks out, at the width of %s', async (_where, viewport) => {
      const page = await open({ colorScheme, viewport }, '#/backlogs/addBacklog');
      await page.locator('#operations-backlogs-addBacklog .responses-inner').waitFor();
      expect(await consolePage.overflow()).toBe(0);
      const shots = process.env['SCREENSHOTS'];
      if (shots) {
        await page.screenshot({ path: `${shots}/reference-${colorScheme}-${viewport.width}-operation.png` });
        await page.evaluate('scrollTo(0, 0)');
        await page.screenshot({ path: `${shots}/reference-${colorScheme}-${viewport.width}-top.png` });
      }
      // The renderer puts the link to an operation into the button that opens it.
      expect(await consolePage.barriers(['nested-interactive'])).toEqual([]);
    });
  });

  it('is under a policy that lets in nothing from elsewhere and no script of a text', async () => {
    const page = await open();
    const response = await fetch(`${client.url}/docs`);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(await page.locator('script:not([src]), style, [onclick]').count()).toBe(0);
  });
});
