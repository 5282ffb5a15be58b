import type { Browser } from 'playwright-core';
import { ConsolePage, launchChromium } from '../support/chromium';
import { HttpClient, World } from '../support/gateway';
import { TestIdentityProvider } from '../support/identity-provider';
import { freePort } from '../support/redis-server';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(120_000);

describe('the console of a person', () => {
  let world: World;
  let provider: TestIdentityProvider;
  let client: HttpClient;
  let browser: Browser;
  let consolePage: ConsolePage;
  let memberId: string;

  const open = async (path = '/') => {
    consolePage = await ConsolePage.open(browser, client);
    await consolePage.go(path);
    return consolePage.page;
  };
  const signedIn = async (role: string, path = '/') => {
    await provider.set({ claims: { sub: role, name: `A ${role}`, groups: [`gw-${role}s`] } });
    const page = await open(path);
    await page.getByRole('button', { name: 'Sign in with Example SSO' }).click();
    await page.locator('.who').getByText(`A ${role} (${role})`).waitFor();
    return page;
  };

  beforeAll(async () => {
    const port = await freePort();
    const publicUrl = `http://127.0.0.1:${port}`;
    [world, provider, browser] = await Promise.all([
      World.start(),
      TestIdentityProvider.start(publicUrl),
      launchChromium(),
    ]);
    client = await world.gateway({ PORT: `${port}`, PUBLIC_URL: publicUrl, ...provider.environment });
    memberId = (await world.installed(client, { groups: [125], backlogs: [] })).memberId;
    await client.call('POST', '/v1/clients', { name: 'planning', scopes: ['call'] });
  });
  afterEach(() => consolePage.close());
  afterAll(async () => {
    await Promise.all([browser.close(), provider.stop(), world.stop()]);
  });

  it('offers the provider above the key, and returns to the page that was asked for', async () => {
    const page = await signedIn('admin', '/audit?action=signIn');
    await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
    expect(new URL(page.url()).search).toBe('?action=signIn');
    expect(consolePage.complaints).toEqual([]);
  });

  it.each([
    ['viewer', [0, 0, 0, 0, 0]],
    ['operator', [1, 1, 0, 0, 0]],
    ['admin', [1, 1, 1, 1, 1]],
  ])('hides from a %s what the role may not do', async (role, offered) => {
    const page = await signedIn(role, `/portals/${memberId}`);
    await page.getByRole('heading', { name: 'Limit', exact: true }).waitFor();
    const shown = ['Suspend calls', 'Change the limit', 'Give it a short name', 'Forget …'].map((name) =>
      page.getByRole('button', { name }).count(),
    );
    expect(await Promise.all([...shown, page.getByRole('link', { name: 'Try a call' }).count()])).toEqual(offered);
    await consolePage.go('/keys');
    await page.locator('tbody tr', { hasText: 'planning' }).waitFor();
    expect(await page.getByRole('button', { name: /New key|Edit …|Replace …|Delete …/ }).count()).toBe(
      role === 'admin' ? 4 : 0,
    );
    await consolePage.go('/connect');
    const title = role === 'admin' ? 'Connect a portal' : 'Your role can’t do this';
    await page.getByRole('heading', { name: title, exact: true }).waitFor();
  });

  it('says why a sign-in failed, and keeps the way in by key', async () => {
    await provider.set({ claims: { sub: 'nobody', groups: [] } });
    const page = await open();
    await page.getByRole('button', { name: 'Sign in with Example SSO' }).click();
    await page.getByText('You have no role at this console.').waitFor();
    expect(new URL(page.url()).search).toBe('');
    await consolePage.go('?problem=identity_provider_error');
    await page.getByText('The identity provider does not answer.').waitFor();
    await page.getByLabel('Administrator’s key').waitFor();
  });

  it('lists sessions, and signs out everywhere', async () => {
    const page = await signedIn('operator', '/sessions');
    await page.getByText('This one').waitFor();
    expect(await consolePage.barriers()).toEqual([]);
    await page.getByRole('button', { name: 'Sign out everywhere …' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.getByText('You were signed out').waitFor();
  });

  it('leads to the provider’s own sign-out after its own', async () => {
    const page = await signedIn('viewer');
    await page.getByRole('button', { name: 'Sign out' }).click();
    const link = page.getByRole('link', { name: 'Sign out of the provider as well' });
    expect(await link.getAttribute('href')).toContain(`${provider.issuer}/session/end?`);
  });
});
