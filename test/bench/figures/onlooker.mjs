import { setTimeout as sleep } from 'node:timers/promises';
import { launchChromium } from './browser.mjs';

const own = { 'X-Console': '1' };
/** As the console does. */
const atOnce = 200;
const listEveryMs = 30_000;

/** Somebody in front of the console, as the gateway sees them: the figures of each second, and all portals now and again. */
export class Onlooker {
  heard = 0;
  leaving = new AbortController();

  static async signedIn(url, key) {
    const body = JSON.stringify({ key });
    const headers = { ...own, 'Content-Type': 'application/json' };
    const answer = await fetch(`${url}/console/session`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`The console said ${answer.status}.`);
    return new Onlooker(url, answer.headers.getSetCookie()[0].split(';')[0]);
  }

  constructor(url, cookie) {
    this.url = url;
    this.cookie = cookie;
  }

  watch(portals) {
    this.leaving = new AbortController();
    const query = `portals=${portals.map(({ memberId }) => memberId).join()}&portal=${portals[0].memberId}`;
    for (const work of [this.hear(`/console/live?${query}`), this.list()]) work.catch(this.unlessLeft());
  }

  leave() {
    this.leaving.abort();
  }

  async hear(path) {
    for await (const _ of (await this.ask(path)).body) this.heard++;
  }

  async list() {
    for (;;) {
      for (let cursor = ''; cursor !== undefined;) {
        const page = await this.ask(`/v1/portals?limit=${atOnce}${cursor && `&cursor=${cursor}`}`);
        cursor = (await page.json()).nextCursor;
      }
      await sleep(listEveryMs, undefined, { signal: this.leaving.signal });
    }
  }

  async ask(path) {
    const answer = await fetch(this.url + path, {
      headers: { ...own, cookie: this.cookie },
      signal: this.leaving.signal,
    });
    if (!answer.ok) throw new Error(`The console said ${answer.status}.`);
    return answer;
  }

  unlessLeft() {
    const { signal } = this.leaving;
    return (error) => {
      if (!signal.aborted) throw error;
    };
  }
}

/** Frames and long tasks of the console's page in a real browser, which draws on the processor here. */
export async function smoothness({ url, key, seconds }) {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${url}/console`);
    await page.getByLabel('Administrator’s key').fill(key);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('row').nth(10).waitFor();
    await sleep(3000);
    return await page.evaluate(watched, seconds * 1000);
  } finally {
    await browser.close();
  }
}

/** Runs in the page: scrolls up and down while it counts. */
function watched(forMs) {
  return new Promise((resolve) => {
    const gaps = [];
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
    const startedAt = performance.now();
    let lastAt = startedAt;
    const frame = (now) => {
      gaps.push(now - lastAt);
      lastAt = now;
      scrollBy(0, Math.floor((now - startedAt) / 2000) % 2 ? -12 : 12);
      if (now - startedAt < forMs) requestAnimationFrame(frame);
      else resolve({ gaps, tasks });
    };
    requestAnimationFrame(frame);
  });
}
