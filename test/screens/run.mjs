import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { main, say } from '../../scripts/launch/say.mjs';
import { launchChromium } from '../bench/figures/browser.mjs';
import { onGround } from '../bench/ground/ground.mjs';
import { CompanyAtWork } from './story.mjs';

/*
 * npm run screens: every page that people see, in both themes, at a desk and on a phone, into .tmp/screens; what the
 * README and docs/console.md show goes into docs/images as well.
 */
const folder = '.tmp/screens';
const sizes = { desk: { width: 1360, height: 900 }, phone: { width: 375, height: 740 } };
const shownInDocs = { 'portals-light-desk': 'console-portals.png', 'portal-light-desk': 'console-portal.png' };

main(async () => {
  process.chdir(new URL('../..', import.meta.url).pathname);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const company = new CompanyAtWork();
  const settings = { B24_PORTAL_HOSTS: '127.0.0.1/32:*' };
  await onGround({ startVendor: company.startVendor, replicas: 2, settings }, async (ground) => {
    const browser = await launchChromium();
    try {
      await company.begin(ground);
      for (const theme of ['light', 'dark'])
        for (const size of Object.keys(sizes)) await shootAll(browser, company, theme, size);
    } finally {
      await Promise.all([browser.close(), company.end()]);
    }
  });
  for (const [shot, file] of Object.entries(shownInDocs))
    copyFileSync(join(folder, `${shot}.png`), join('docs/images', file));
  say(`Every page is in ${folder}.`);
  process.exit(0);
});

async function shootAll(browser, { ground, portals }, colorScheme, size) {
  const [{ url }] = ground.replicas;
  const context = await browser.newContext({ viewport: sizes[size], colorScheme });
  const page = await context.newPage();
  const shoot = async (name, path, until, whole = size === 'phone' || path.startsWith('/console')) => {
    if (path) await page.goto(url + path);
    await until?.();
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${size}.png`), fullPage: whole });
  };
  const there = () => page.getByRole('heading', { level: 1 }).waitFor();
  const loaded = async () => {
    await there();
    await page.waitForTimeout(1500);
  };
  // The charts fill while one looks; without two dozen seconds of them a page looks broken.
  const filled = () => page.waitForTimeout(25_000);
  await shoot('install', '/install');
  await shoot('install-mistake', '/install?portal=not%20a%20portal');
  await shoot('sign-in', '/console');
  await page.getByLabel('Administrator’s key').fill(ground.adminKey);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Portals', level: 1 }).waitFor();
  await page.waitForTimeout(3000);
  await shoot('portals', '', undefined, true);
  await shoot('portal', '/console/portals/acme', filled, true);
  await shoot('portal-unhealthy', `/console/portals/${portals.hooli.memberId}`, () => page.waitForTimeout(2500), true);
  for (const name of ['connect', 'keys', 'apps', 'calls', 'jobs', 'audit'])
    await shoot(name, `/console/${name}`, loaded, true);
  await shoot('try', '/console/try/acme', loaded, true);
  await shoot('nowhere', '/console/nowhere', undefined, true);
  await shoot('reference', '/docs', () => page.waitForTimeout(4000), false);
  await context.close();
}
