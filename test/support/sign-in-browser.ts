/** A browser that signs in: it has cookies for each host, and follows redirects one by one. */
export class SignInBrowser {
  /** By the gateway's and the provider's names. */
  readonly cookies = new Map<string, string>();
  readonly setCookies: string[] = [];

  constructor(
    /** Where the gateway listens. */
    readonly url: string,
    /** Its PUBLIC_URL, under which the provider knows it. */
    private readonly publicUrl: string,
  ) {}

  /** A request of the console's own page. */
  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const own = { 'X-Console': '1', 'Sec-Fetch-Site': 'same-origin' };
    const response = await this.send(`${this.url}${path}`, method, body, { ...own, ...headers });
    const text = await response.text();

    const answer = text.trim() === '' ? undefined : JSON.parse(text);
    return { status: response.status, code: (answer as { code?: string } | undefined)?.code, body: answer };
  }

  /** Begins a sign-in, and returns where the provider sends the browser back. */
  async authorized(to?: string): Promise<URL> {
    const { body } = await this.ask('POST', '/console/sign-in', to === undefined ? {} : { to });
    let url = (body as { url: string }).url;
    while (!url.startsWith(this.publicUrl)) {
      const response = await this.send(url, 'GET');
      url = new URL(response.headers.get('location') ?? '', url).href;
    }
    return new URL(url);
  }

  /** Follows the way back, and returns the page that the gateway shows next. */
  async comeBack({ pathname, search }: URL): Promise<string> {
    const response = await this.send(`${this.url}${pathname}${search}`, 'GET', undefined, {
      'Sec-Fetch-Site': 'cross-site',
    });
    return response.headers.get('location') ?? `${response.status}`;
  }

  async signIn(to?: string): Promise<string> {
    return this.comeBack(await this.authorized(to));
  }

  /** Whether the session works: its role, or the code of the problem. */
  async role(): Promise<string> {
    const { code, body } = await this.ask('GET', '/console/session');
    return code ?? (body as { role?: string }).role ?? 'key';
  }

  private async send(url: string, method: string, body?: unknown, headers: Record<string, string> = {}) {
    const { host } = new URL(url);
    const response = await fetch(url, {
      ...{ method, redirect: 'manual' as const },
      headers: {
        Cookie: this.cookiesFor(host),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.store(host, line);
    return response;
  }

  private cookiesFor(host: string): string {
    const own = [...this.cookies].filter(([place]) => place.startsWith(`${host} `));
    return own.map(([place, value]) => `${place.slice(host.length + 1)}=${value}`).join('; ');
  }

  private store(host: string, line: string): void {
    this.setCookies.push(line);
    const [pair = ''] = line.split(';');
    const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
    if (value === '' || /max-age=0/i.test(line)) this.cookies.delete(`${host} ${name}`);
    else this.cookies.set(`${host} ${name}`, value);
  }
}
