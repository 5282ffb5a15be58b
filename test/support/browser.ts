import { request } from 'node:http';
import { once } from 'node:events';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import type { HttpClient } from './gateway';

export interface BrowserPage {
  readonly status: number;
  readonly headers: Headers;
  readonly html: string;
  /** Where the page sends the browser. */
  readonly location: string;
}

/** A browser as installs see one: it keeps cookies and shows pages, and follows a redirect only when told. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  async open(url: string | URL, init: RequestInit = {}): Promise<BrowserPage> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual', signal: AbortSignal.timeout(10_000) });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name && value !== undefined) this.cookies.set(name, value);
    }
    const { status, headers: answered } = response;
    return { status, headers: answered, html: await response.text(), location: answered.get('location') ?? '' };
  }

  /** Starts at /install, or at another app's install address, allows the app on the portal's page, and stops where the portal sends the browser back to. */
  async allow(client: HttpClient, portal: SimulatedPortal, install = `${client.url}/install`): Promise<URL> {
    const start = await this.open(`${install}?portal=${portal.domain}`);
    const allowed = await this.open(start.location, { method: 'POST' });
    return new URL(allowed.location);
  }
}

/** What the portal posts into the app's frame. */
export function openFrame(
  client: HttpClient,
  { query, body, contentType }: FramePost,
  page = `${client.url}/bitrix24/install`,
): Promise<BrowserPage> {
  const headers = { 'content-type': contentType };
  return new Browser().open(`${page}?${query}`, { method: 'POST', headers, body });
}

type FramePost = ReturnType<SimulatedPortal['framePost']>;

/** The directives of a page's Content-Security-Policy. */
export function policyOf({ headers }: BrowserPage): Record<string, string> {
  const directives = (headers.get('content-security-policy') ?? '').split(';').map((it) => it.trim());
  return Object.fromEntries(directives.map((it) => [it.split(' ', 1)[0], it.slice(it.indexOf(' ') + 1)]));
}

/** A GET with headers that `fetch` does not let one set, such as Host. */
export async function rawGet(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; location: string; setCookie: string; body: string }> {
  const sent = request(url, { headers });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [import('node:http').IncomingMessage];
  let body = '';
  for await (const chunk of answer.setEncoding('utf8')) body += chunk as string;
  const { location = '', 'set-cookie': setCookie = [] } = answer.headers;
  return { status: answer.statusCode ?? 0, location, setCookie: setCookie.join(), body };
}
