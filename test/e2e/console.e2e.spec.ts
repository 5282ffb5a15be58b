import type { Browser } from 'playwright-core';
import { portalId } from '@b24/portal';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { ConsolePage, launchChromium } from '../support/chromium';
import { adminKey, HttpClient, World } from '../support/gateway';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);
const phone = { width: 375, height: 740 };
const desk = { width: 1280, height: 900 };

describe('the console', () => {
  let world: World;
  let client: HttpClient;
  let browser: Browser;
  let acme: SimulatedPortal;
  let unhealthy: SimulatedPortal;
  let consolePage: ConsolePage;

  /** A portal with a group, a backlog and a name. */
  const portalNamed = async (alias: string) => {
    const portal = await world.installed(client, {
      groups: [125, 126],
      backlogs: [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }],
    });
    await client.call('PATCH', `/v1/portals/${portal.memberId}`, { alias });
    return portal;
  };
  /** As if Bitrix24 had refused its refresh token. */
  const loseGrant = async ({ memberId }: SimulatedPortal) => {
    const redis = world.redis.client();
    const problem = {
      code: 'reauthorization_required',
      sinceMs: Date.now() - 7_200_000,
      detail: 'Its grant is spent.',
    };
    await redis.hset(`b24:{${portalId(memberId)}}:grant`, 'issue', JSON.stringify(problem));
    redis.disconnect();
  };
  const open = async (options: Parameters<typeof ConsolePage.open>[2] = {}) => {
    consolePage = await ConsolePage.open(browser, client, options);
    return consolePage;
  };

  beforeAll(async () => {
    [world, browser] = await Promise.all([World.start(), launchChromium()]);
    client = await world.gateway();
    acme = await portalNamed('acme');
    unhealthy = await portalNamed('borealis');
    await loseGrant(unhealthy);
  });
  afterEach(async () => {
    // Whatever a test did: nothing was asked of anyone else, and the policy was never in the way.
    expect([consolePage.elsewhere, consolePage.complaints]).toEqual([[], []]);
    await consolePage.close();
  });
  afterAll(async () => {
    await Promise.all([browser.close(), world.stop()]);
  });

  it('lets in who has an administrator’s key, tells who has not, and lets go who leaves', async () => {
    const { page } = await open();
    await consolePage.signIn('b24_wrong');
    await page.getByRole('alert').getByText('The key is not known').waitFor();
    await consolePage.enter();
    expect(await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')).toBe('[{},{},""]');
    expect(page.url()).toBe(`${client.url}/console`);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();
    await consolePage.go('/keys');
    await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor();
  });

  it('makes a key that works at once, shows it once, and deletes it', async () => {
    const { page } = await open();
    await consolePage.enter('/keys');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Name').fill('planning');
    await page.getByLabel('Portals', { exact: true }).fill('acme');
    await page.getByLabel('Expires').selectOption({ label: 'In 30 days' });
    await page.getByRole('button', { name: 'Make the key' }).click();
    const key = await page.locator('.secret code').innerText();
    const service = new HttpClient(client.url, key);
    expect((await service.get('/v1/portals/acme/groups/125/backlog')).status).toBe(200);
    expect((await service.get('/v1/portals/borealis/groups/125/backlog')).body.code).toBe('portal_not_found');
    await page.getByRole('button', { name: 'I have it' }).click();
    await page.getByText('in 30 days').waitFor();
    expect(await page.content()).not.toContain(key);
    await page.getByRole('button', { name: 'Delete … planning' }).click();
    await page.getByRole('button', { name: 'Delete the key' }).click();
    await page.getByText('No key yet').waitFor();
    expect((await service.get('/v1/portals/acme/groups/125/backlog')).body.code).toBe('key_invalid');
  });

  it('registers an app, takes another secret for it, and removes it', async () => {
    const { page } = await open();
    await consolePage.enter('/apps');
    const secrets = async () => {
      const redis = world.redis.client();
      const kept = Object.values(await redis.hgetall('b24:apps')).map((it) => JSON.parse(it) as { secret: string });
      redis.disconnect();
      return kept.map(({ secret }) => secret);
    };
    const type = async (dialog: string, fields: Record<string, string>, act: string) => {
      await page.getByRole('dialog', { name: dialog }).waitFor();
      for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
      await page.getByRole('button', { name: act, exact: true }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    };
    const key = 'Application key (client_secret)';
    await page.getByRole('button', { name: 'Register an app' }).click();
    const wanted = { Name: 'north', 'Application id (client_id)': 'local.north', [key]: 'first-secret-of-the-north' };
    await type('Register an app', wanted, 'Register');
    await page.getByRole('heading', { name: 'north' }).waitFor();
    const [before] = await secrets();
    await page.getByRole('button', { name: 'Change secret … of north' }).click();
    await type('Another secret for north', { [key]: 'second-secret-of-the-north' }, 'Change the secret');
    expect(await secrets()).not.toEqual([before]);
    expect(await page.content()).not.toMatch(/(first|second)-secret/);
    await page.getByRole('button', { name: 'Remove … north' }).click();
    await type('Remove north?', {}, 'Remove the app');
    await page.getByRole('heading', { name: 'north' }).waitFor({ state: 'detached' });
    expect(await secrets()).toEqual([]);
  });

  it('suspends a portal, whose calls are refused from then on, and resumes it', async () => {
    const { page } = await open();
    await consolePage.enter(`/portals/${acme.memberId}`);
    const code = async () => (await client.get('/v1/portals/acme/groups/125/backlog')).body.code as string | undefined;
    await page.getByRole('button', { name: 'Suspend calls' }).click();
    await page.getByRole('button', { name: 'Resume calls' }).waitFor();
    expect(await code()).toBe('portal_suspended');
    await page.getByRole('button', { name: 'Resume calls' }).click();
    await page.getByRole('button', { name: 'Suspend calls' }).waitFor();
    expect(await code()).toBeUndefined();
  });

  it('shows figures that move while calls flow, and the problem of one that failed', async () => {
    const { page } = await open();
    await consolePage.enter(`/portals/${acme.memberId}`);
    await page.getByText('Live', { exact: true }).waitFor();
    const calls = page.locator('figure', { hasText: 'Calls a second' }).locator('.now');
    const flow = { on: true };
    const flowing = (async () => {
      while (flow.on) await client.get('/v1/portals/acme/groups/999/backlog');
    })();
    await calls.filter({ hasText: /^[1-9]\d*, [1-9]\d* failed$/ }).waitFor();
    const problem = page.locator('.problems > li', { hasText: 'No such backlog' });
    await problem.locator('summary').click();
    await problem.getByText('backlog_not_found', { exact: true }).waitFor();
    flow.on = false;
    await flowing;
    await calls.filter({ hasText: /^0$/ }).waitFor();
    expect(await problem.getByText('backlog_not_found', { exact: true }).isVisible()).toBe(true);
  });

  it('says why a portal is unhealthy, and links to what fixes it', async () => {
    const { page } = await open();
    await consolePage.enter();
    await page.getByRole('button', { name: 'Show them' }).click();
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.getByRole('link', { name: 'borealis' }).click();
    await page.getByText('Its grant is spent.').waitFor();
    const link = page.getByRole('link', { name: 'Authorize again' });
    expect(await link.getAttribute('href')).toBe(
      `${client.url}/install?portal=${encodeURIComponent(unhealthy.domain)}`,
    );
  });

  it('makes a real call, and tells the curl that makes the same', async () => {
    const { page } = await open();
    await consolePage.enter('/try/acme');
    await page.getByLabel('groupId').fill('125');
    await page.getByRole('button', { name: 'Call', exact: true }).click();
    const answer = page.getByRole('status', { name: 'Answer' });
    await answer.getByText('200', { exact: true }).waitFor();
    expect(JSON.parse(await answer.locator('pre').innerText())).toMatchObject({ id: 1, groupId: 125 });
    await answer.getByText('server-timing').waitFor();
    const curl = await page.locator('.code pre').innerText();
    expect(curl).toContain('"Authorization: Bearer $KEY"');
    expect(curl).toContain(`'${client.url}/v1/portals/acme/groups/125/backlog'`);
  });

  it('completes the name of any method of Bitrix24', async () => {
    const { page } = await open();
    await consolePage.enter('/try/acme');
    await page.getByLabel('What to call').selectOption('callMethod');
    const offered = page.locator('#values-method option');
    await offered.first().waitFor({ state: 'attached' });
    for (const name of ['crm.deal.list', 'tasks.api.scrum.backlog.add'])
      expect(await page.locator(`#values-method option[value="${name}"]`).count()).toBe(1);
  });

  it('adds the documented parameters of a method to the body, and says whether it changes data', async () => {
    const { page } = await open();
    await consolePage.enter('/try/acme');
    await page.getByLabel('What to call').selectOption('callMethod');
    await page.getByLabel('method', { exact: true }).fill('crm.deal.list');
    const body = page.getByLabel('Body (JSON)');
    await body.fill('{}');
    await page.getByText('Reads; it changes nothing.').waitFor();
    expect(await page.getByText('This call changes real data.').count()).toBe(0);
    await page.getByRole('button', { name: '+ filter' }).click();
    expect(JSON.parse(await body.inputValue())).toEqual({ params: { filter: {} } });
    expect(await page.getByRole('button', { name: '+ filter' }).isDisabled()).toBe(true);
    await page.getByLabel('method', { exact: true }).fill('crm.item.update');
    await page.getByText('This call changes real data.').waitFor();
    await page.getByRole('button', { name: /\+ entityTypeId integer, required/ }).waitFor();
  });

  it('tells a problem with its title, its words, its code and the request’s id', async () => {
    const { page } = await open();
    await consolePage.enter('/portals/nobody');
    const alert = page.getByRole('alert');
    await alert.getByText('No such portal here').waitFor();
    await alert.getByText('or install the app on it').waitFor();
    await alert.getByText('portal_not_found').waitFor();
    expect(await alert.innerText()).toMatch(/request [\w-]{36}/);
  });

  it('forgets a portal only when its name was typed', async () => {
    const doomed = await portalNamed('doomed');
    const { page } = await open();
    await consolePage.enter(`/portals/${doomed.memberId}`);
    await page.getByRole('button', { name: 'Forget …' }).click();
    const forget = page.getByRole('button', { name: 'Forget the portal' });
    expect(await forget.isDisabled()).toBe(true);
    await page.getByLabel('Type doomed to confirm').fill('doomed');
    await forget.click();
    await page.getByRole('heading', { name: 'Portals', level: 1 }).waitFor();
    expect((await client.get('/v1/portals/doomed')).body.code).toBe('portal_not_found');
  });

  it('is walked by keyboard alone: in, to a portal, through a dialog and back', async () => {
    const { page } = await open();
    const { keyboard } = page;
    const focused = () => page.evaluate('document.activeElement.textContent || document.activeElement.name');
    const tabTo = async (text: string) => {
      for (let pressed = 0; (await focused()) !== text; pressed++) {
        if (pressed > 60) throw new Error(`The keyboard does not reach “${text}”.`);
        await keyboard.press('Tab');
      }
    };
    await page.getByLabel('Administrator’s key').waitFor();
    await keyboard.type(adminKey);
    await keyboard.press('Enter');
    await page.getByRole('link', { name: 'acme' }).waitFor();
    await keyboard.press('Tab');
    expect(await focused()).toBe('Skip to the page');
    await tabTo('acme');
    await keyboard.press('Enter');
    await page.getByRole('button', { name: 'Forget …' }).waitFor();
    await tabTo('Forget …');
    await keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toBe('Forget …');
  });

  it('keeps a thousand portals smooth: all are counted and found, fifty are rows', async () => {
    const redis = world.redis.client();
    const grant = await redis.hgetall(`b24:{${acme.memberId}}:grant`);
    const ids = Array.from({ length: 1000 }, (_, i) => `a${(i + 1).toString(16).padStart(31, '0')}`);
    const pipeline = redis.pipeline();
    for (const [i, id] of ids.entries()) {
      const install = { ...(JSON.parse(grant['install'] ?? '{}') as object), portal: id, domain: `p${i}.example.com` };
      pipeline.hset(`b24:{${id}}:grant`, { install: JSON.stringify(install), version: '1' });
      pipeline.zadd('b24:portals', Date.now() + i, id);
    }
    await pipeline.exec();
    const { page } = await open();
    await consolePage.enter();
    await page.locator('.tile', { hasText: 'Portals' }).getByText('1,002').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(50);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('51–100 of 1,002').waitFor();
    expect(await page.locator('tbody tr').count()).toBe(50);
    await page.getByLabel('Search portals').fill('p777.');
    await page.getByRole('link', { name: 'p777.example.com' }).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);
    await redis.zrem('b24:portals', ...ids);
    redis.disconnect();
  });

  it('shows what became of a job, and of how many of its parts', async () => {
    const order = { portals: ['acme', 'borealis'], call: { method: 'tasks.api.scrum.backlog.getFields' } };
    await client.call('POST', '/v1/fan-out', order, { Prefer: 'respond-async' });
    const { page } = await open();
    await consolePage.enter('/jobs');
    const row = page.getByRole('row', { name: /getFields on 2 portals/ });
    await row.getByText('2 of 2').waitFor();
    await row.getByText('done, 1 failed').waitFor();
  });

  describe.each(['light', 'dark'] as const)('in %s colours', (colorScheme) => {
    const pages = ['/', 'portal', 'unhealthy', '/connect', '/try/acme', '/keys', '/apps', '/jobs', '/events', '/audit'];
    pages.push('/calls');

    it.each([
      ['a phone', phone],
      ['a desk', desk],
    ])('has no page with a serious barrier, nor one wider than %s', async (_, viewport) => {
      const { page } = await open({ colorScheme, viewport });
      const found: string[] = await consolePage.barriers();
      await consolePage.enter();
      for (const name of pages) {
        const path = { portal: `/portals/${acme.memberId}`, unhealthy: `/portals/${unhealthy.memberId}` }[name] ?? name;
        await consolePage.go(path);
        await page.locator('main h1').waitFor();
        await page.waitForLoadState('load');
        found.push(...(await consolePage.barriers()).map((it) => `${name}: ${it}`));
        const pixels = await consolePage.overflow();
        if (pixels > 0) found.push(`${name} is ${pixels} pixels too wide`);
      }
      await consolePage.go('/keys');
      await page.getByRole('button', { name: 'New key' }).click();
      found.push(...(await consolePage.barriers()).map((it) => `new key: ${it}`));
      expect(found).toEqual([]);
    });
  });

  it('wears the colours that its switch says, also when it is opened again', async () => {
    const { page } = await open({ colorScheme: 'light' });
    const paper = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.getByLabel('Administrator’s key').waitFor();
    const light = await paper();
    await page.getByText('Dark', { exact: true }).click();
    const dark = await paper();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByLabel('Administrator’s key').waitFor();
    expect(await paper()).toBe(dark);
  });

  it('names each page in the tab, moves the focus to its heading, and links to a view of the audit log', async () => {
    const { page } = await open();
    await consolePage.enter('/jobs');
    for (const [link, heading] of [
      ['Client keys', 'Client keys'],
      ['Audit log', 'Audit log'],
    ] as const) {
      await page.getByRole('navigation', { name: 'Console' }).getByRole('link', { name: link }).click();
      const shown = page.getByRole('heading', { level: 1, name: heading });
      await shown.waitFor();
      await consolePage.until(`document.title === '${heading} – b24-gateway'`);
      await consolePage.until("document.activeElement.tagName === 'H1'");
    }
    await page.getByLabel('Action').selectOption('createClient');
    await page.getByLabel('Request id').fill('none-has-this');
    await page.getByText('No entries match these filters.').waitFor();
    expect(new URL(page.url()).search).toBe('?action=createClient&requestId=none-has-this');
    await page.reload();
    await page.getByText('No entries match these filters.').waitFor();
    expect(await page.getByLabel('Action').inputValue()).toBe('createClient');
  });

  it('is where a browser that opens the bare address arrives, and nobody else', async () => {
    const home = (accept: string) => fetch(client.url, { redirect: 'manual', headers: { Accept: accept } });
    const browser = await home('text/html,application/xhtml+xml,*/*;q=0.8');
    expect([browser.status, browser.headers.get('location')]).toEqual([303, '/console']);
    const other = await home('*/*');
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([404, 'route_not_found']);
  });

  it('is served under a policy that lets nothing in but its own files, which browsers may keep', async () => {
    await open();
    const page = await fetch(`${client.url}/console/portals/anything`);
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    expect(page.headers.get('cache-control')).toBe('no-store');
    const html = await page.text();
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/);
    const [, script = ''] = /src="(\/console\/assets\/[^"]+\.js)"/.exec(html) ?? [];
    const asset = await fetch(`${client.url}${script}`, { headers: { 'Accept-Encoding': 'br' } });
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(asset.headers.get('content-encoding')).toBe('br');
    const missing = await fetch(`${client.url}/console/assets/none.js`);
    expect([missing.status, missing.headers.get('content-type')]).toEqual([
      404,
      'application/problem+json; charset=utf-8',
    ]);
  });
});
