import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { ConsolePage, launchChromium } from '../support/chromium';
import { type HttpClient, World } from '../support/gateway';
import { OauthByHand } from '../support/oauth-by-hand';
import { PublicGateway } from '../support/public-gateway';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);

describe('a consent in a browser', () => {
  let world: World;
  let gateway: PublicGateway;
  let admin: HttpClient;
  let browser: Browser;
  let app: Server;
  let shown: ConsolePage;
  /** The addresses at which the browser came back to the app. */
  const arrivals: URL[] = [];

  beforeAll(async () => {
    [world, browser] = await Promise.all([World.start(), launchChromium()]);
    gateway = await PublicGateway.start(world);
    admin = gateway.admin;
    app = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://localhost');
      response.setHeader('Content-Type', 'text/html');
      if (url.pathname !== '/callback')
        return response.end(`<a href="${url.searchParams.get('to') ?? ''}">Connect</a>`);
      arrivals.push(url);
      return response.end('<h1>The app is connected</h1>');
    }).listen(0, '127.0.0.1');
    await once(app, 'listening');
  });
  beforeEach(async () => {
    arrivals.length = 0;
    shown = await ConsolePage.open(browser, admin, { viewport: { width: 390, height: 800 } });
  });
  afterEach(() => shown.close());
  afterAll(async () => {
    await browser.close();
    app.close();
    gateway.close();
    await world.stop();
  });

  /** The app is at another site, as a hosted assistant is. */
  const appUrl = () => `http://localhost:${(app.address() as { port: number }).port}`;
  const registered = async () => {
    const wire = new OauthByHand(gateway.url, `${appUrl()}/callback`);
    await wire.register({ client_name: 'Planner' });
    return wire;
  };
  const openFromApp = async (page: Page, wire: OauthByHand) => {
    await page.goto(`${appUrl()}/?to=${encodeURIComponent(wire.consentUrl())}`);
    await page.getByRole('link', { name: 'Connect' }).click();
    await page.getByRole('heading', { name: 'Connect an assistant' }).waitFor();
  };
  const allow = async (page: Page) => {
    await page.getByRole('heading', { name: 'Allow Planner to act as this key?' }).waitFor();
    expect([await shown.overflow(), await shown.barriers()]).toEqual([0, []]);
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'The app is connected' }).waitFor();
  };
  const newClient = async (name: string) =>
    (await admin.call<{ id: string; key: string }>('POST', '/v1/clients', { name, scopes: ['call'] })).body;

  it('leads from the app through the pages and back, under a policy that its browser obeys', async () => {
    const { page } = shown;
    const wire = await registered();
    await openFromApp(page, wire);
    expect([await shown.overflow(), await shown.barriers()]).toEqual([0, []]);
    await page.getByLabel('Key of this gateway').fill('b24_wrong');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('This key is not known here').waitFor();
    expect(await shown.barriers()).toEqual([]);
    await page.getByLabel('Key of this gateway').fill((await newClient('planning')).key);
    await page.getByRole('button', { name: 'Continue' }).click();
    await allow(page);
    const { body } = await wire.exchange(arrivals[0]?.searchParams.get('code') ?? '');
    expect(await wire.enters(body['access_token'] ?? '')).toBe('200');
    expect(shown.complaints).toEqual([]);
  });

  it('lets an administrator choose a client, although the app is at another site than the console', async () => {
    const { page } = shown;
    const { id, key } = await newClient('chosen');
    expect(key).toMatch(/^b24_/);
    await shown.enter();
    const wire = await registered();
    await openFromApp(page, wire);
    await page.getByRole('button', { name: 'Choose a key with the console' }).click();
    await page.getByLabel('Client as which the assistant acts').selectOption(id);
    expect(await shown.barriers()).toEqual([]);
    await page.getByRole('button', { name: 'Continue' }).click();
    await allow(page);
    await wire.exchange(arrivals[0]?.searchParams.get('code') ?? '');
    const { body } = await admin.get<{ items: object[] }>(`/v1/clients/${id}/assistants`);
    expect(body.items).toEqual([expect.objectContaining({ name: 'Planner' })]);
    expect(shown.complaints).toEqual([]);
  });

  it('ends with a refusal that the app gets', async () => {
    const { page } = shown;
    await openFromApp(page, await registered());
    await page.getByLabel('Key of this gateway').fill((await newClient('planning')).key);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.getByRole('heading', { name: 'The app is connected' }).waitFor();
    expect(arrivals.map(({ searchParams }) => searchParams.get('error'))).toEqual(['access_denied']);
  });
});
