import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { ConsolePage, launchChromium } from '../support/chromium';
import { HttpClient } from '../support/gateway';
import { lastingPort, Launcher } from '../support/launcher';

/** A browser on a busy machine takes its time; nothing here is measured by it. */
jest.setTimeout(240_000);

describe('a newcomer', () => {
  let folder: string;
  let launcher: Launcher;
  let browser: Browser;
  let consolePage: ConsolePage;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'b24-sandbox-'));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await Promise.all([browser.close(), launcher.interrupt()]);
    await rm(folder, { recursive: true, force: true });
  });

  it('starts the demo, makes a portal fail, sees it on its page, ends the failure and sees it working', async () => {
    launcher = new Launcher({ DATA_DIR: folder, PORT: `${await lastingPort()}` });
    const output = await launcher.says('Ctrl-C stops everything');
    const url = /Console: (\S+)\/console/.exec(output)?.[1] ?? '';
    consolePage = await ConsolePage.open(browser, new HttpClient(url, undefined));
    const { page } = consolePage;
    await consolePage.signIn((await readFile(join(folder, 'admin-key'), 'utf8')).trim());
    const menu = page.getByRole('navigation', { name: 'Console' });

    await menu.getByRole('link', { name: 'Sandbox' }).click();
    await page.getByRole('button', { name: 'Send calls' }).click();
    await page.getByText('none failed').waitFor();
    await page.getByRole('button', { name: 'Start: The portal is down' }).click();
    await page.getByText('Active', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Watch demo-one' }).click();
    await page.getByText('Not answering', { exact: true }).waitFor();
    // A call that was under way has another problem than one that came later.
    await page.locator('.problems', { hasText: 'profile' }).waitFor();

    await menu.getByRole('link', { name: 'Sandbox' }).click();
    await page.getByRole('button', { name: 'End: The portal is down' }).click();
    await page.getByRole('button', { name: 'Start: The portal is down' }).waitFor();
    const stop = page.getByRole('button', { name: 'Stop', exact: true });
    if (await stop.isVisible()) await stop.click();
    await page.getByRole('button', { name: 'Send calls' }).click();
    await page.getByRole('link', { name: 'Watch demo-one' }).click();
    await page.getByText('Working', { exact: true }).waitFor();
    expect([consolePage.elsewhere, consolePage.complaints]).toEqual([[], []]);
  });
});
