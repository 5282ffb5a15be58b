import { randomBytes } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';
import { type Installer, portalEndpoint } from '@b24/grants';
import { asFault, Fault } from '@b24/portal';
import { Body, Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Settings } from '../settings';
import { installerToken, settingsToken } from '../tokens';
import { Bitrix24Strategy } from './bitrix24-strategy';
import { readFrame } from './claims';
import { askPortalPage, faultPage, framePage, installedPage } from './pages';

const cookieName = 'b24_install';
const frameScript = 'https://api.bitrix24.com';

/** As it came: a name may be there twice. */
type Query = Readonly<Record<string, unknown>>;

/** What browsers see: pages, never problem+json. */
@ApiExcludeController()
@Controller()
export class InstallsController {
  constructor(
    @Inject(Bitrix24Strategy) private readonly strategy: Bitrix24Strategy,
    @Inject(installerToken) private readonly installer: Installer,
    @Inject(settingsToken) private readonly settings: Settings,
  ) {}

  @Get('install')
  async start(@Query() query: Query, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const given = text(query['portal']);
    if (given === undefined) return this.show(reply, 200, askPortalPage);
    const portal = this.portalNamed(given);
    if (!portal) {
      const message =
        'This is not the address of a Bitrix24 portal that this gateway may connect. It looks like company.bitrix24.com.';
      return this.show(reply, 400, (nonce) => askPortalPage(nonce, { given: given.slice(0, 253), message }));
    }
    await this.showing(request, reply, async () => {
      const browser = browserOf(request) ?? randomBytes(32).toString('base64url');
      const outcome = await this.strategy.run({ query: {}, browser, portal });
      const options = {
        path: '/',
        httpOnly: true,
        sameSite: 'lax',
        secure: this.settings.publicUrl.startsWith('https:'),
        maxAge: 600,
      } as const;
      void reply.header('Set-Cookie', stringifySetCookie(cookieName, browser, options));
      if ('redirectTo' in outcome) void reply.header('Cache-Control', 'no-store').redirect(outcome.redirectTo, 302);
    });
  }

  @Get('oauth/callback')
  async finish(@Query() query: Query, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.showing(request, reply, async () => {
      const [code, state, server] = [text(query['code']), text(query['state']), text(query['server_domain'])];
      // Without a code passport-oauth2 would begin anew; with an `error`, which Bitrix24 never sends, it would fail.
      if (!code || !state) throw new Fault('state_invalid');
      const returned = { code, state, ...(server && { server_domain: server }) };
      const outcome = await this.strategy.run({ query: returned, browser: browserOf(request) ?? '' });
      if ('installed' in outcome) this.show(reply, 200, (nonce) => installedPage(nonce, outcome.installed));
    });
  }

  @Post('bitrix24/install')
  async frame(
    @Body() body: unknown,
    @Query() query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const parent = this.portalNamed(text(query['DOMAIN']) ?? '');
    await this.showing(
      request,
      reply,
      async () => {
        const claim = readFrame(formOf(body));
        if (!parent) throw new Fault('install_refused', { detail: "The portal's host is not among B24_PORTAL_HOSTS." });
        const record = await this.installer.fromClaim(claim);
        const origin = new URL(record.endpoint).origin;
        this.show(reply, 200, (nonce) => framePage(nonce, record), { ancestors: origin, scripts: frameScript });
      },
      { ancestors: parent?.origin },
    );
  }

  /** A person typed it: with or without scheme and path. */
  private portalNamed(given: string): { domain: string; origin: string } | undefined {
    const { rules } = this.settings;
    const host = given
      .trim()
      .replace(/^https?:\/\//i, '')
      .replace(/\/.*$/, '')
      .toLowerCase();
    const place = portalEndpoint(`https://${host}/rest/`, rules) ?? portalEndpoint(`http://${host}/rest/`, rules);
    if (!place) return undefined;
    // Plain http is allowed in a lab only, and there the portals speak nothing else.
    return { domain: place.domain, origin: `${rules.allowHttp ? 'http' : 'https'}://${place.domain}` };
  }

  private async showing(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<void>,
    frame?: Frame,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const fault = asFault(error);
      if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
      this.show(
        reply,
        fault.status,
        (nonce) => faultPage(nonce, fault, { requestId: request.id, framed: frame !== undefined }),
        frame,
      );
    }
  }

  private show(reply: FastifyReply, status: number, page: (nonce: string) => string, frame?: Frame): void {
    const nonce = randomBytes(16).toString('base64');
    // The form of the first page leads on to the portal, whose origin nobody knows before.
    const policy = [
      "default-src 'none'",
      `style-src 'nonce-${nonce}'`,
      `script-src 'nonce-${nonce}' ${frame?.scripts ?? ''}`.trim(),
      `connect-src ${frame?.scripts && frame.ancestors ? `${frame.scripts} ${frame.ancestors}` : "'none'"}`,
      "base-uri 'none'",
      `frame-ancestors ${frame?.ancestors ?? "'none'"}`,
    ];
    if (frame?.ancestors) void reply.removeHeader('X-Frame-Options');
    void reply
      .status(status)
      .header('Content-Security-Policy', policy.join('; '))
      .header('Cache-Control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page(nonce));
  }
}

interface Frame {
  /** Who may show the page in a frame; nobody when undefined. */
  readonly ancestors: string | undefined;
  readonly scripts?: string;
}

export function formOf(body: unknown): Record<string, unknown> {
  if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  throw new Fault('unsupported_media_type', { detail: 'Send a form, as Bitrix24 does.' });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function browserOf(request: FastifyRequest): string | undefined {
  const value = parseCookie(request.headers.cookie ?? '')[cookieName];
  return value && /^[\w-]{43}$/.test(value) ? value : undefined;
}
