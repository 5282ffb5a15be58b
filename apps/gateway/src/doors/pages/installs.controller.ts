import { type AuditEntry, AuditLog } from '@b24/access';
import { Apps, defaultApp, Installer, NotReplaced, type PortalRecord } from '@b24/grants';
import { asFault, type Clock, Fault } from '@b24/portal';
import { Body, Controller, Get, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { installPath } from '../../api/apps/app-addresses';
import type { Settings } from '../../settings';
import { Through } from '../../http/door';
import { replyFault } from '../../http/reply-fault';
import { sourceOf } from '../../http/source-address';
import { Throttle } from '../../http/throttle';
import { clockToken, settingsToken } from '../../http/injection-tokens';
import { portalNamed } from './requested-page';
import { Bitrix24Strategy } from './bitrix24-strategy';
import { BrowserCookie } from './browser-cookie';
import { readFrame } from '../events/claims';
import { formOf } from '../events/form-of';
import { askPortalPage, framePage, installedPage, openedPage } from './pages';
import { type PageFrame, showFaultPage, showPage } from './show-page';
import { pageDoor } from './page-door';

const foreignHost = "The portal's host is not among B24_PORTAL_HOSTS.";
const frameScript = 'https://api.bitrix24.com';

/** Not validated: a name may occur twice. */
type Query = Readonly<Record<string, unknown>>;

type InstallActor = 'authorization' | 'portal page';

/** What browsers see: pages, never problem+json. */
@ApiExcludeController()
@Controller()
export class InstallsController {
  constructor(
    private readonly strategy: Bitrix24Strategy,
    private readonly apps: Apps,
    private readonly installer: Installer,
    @Inject(settingsToken) private readonly settings: Settings,
    private readonly throttle: Throttle,
    private readonly audit: AuditLog,
    private readonly cookie: BrowserCookie,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  @Get(['install', 'install/:app'])
  @Through(pageDoor)
  async start(
    @Param('app') named: string | undefined,
    @Query() query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.showing(request, reply, async () => {
      const given = text(query['portal']);
      const action = installPath(request.url);
      if (given !== undefined) this.throttle.page(request);
      const portal = given === undefined ? undefined : portalNamed(given, this.settings.rules);
      if (portal) this.throttle.authorization();
      const app = await this.apps.get(named ?? defaultApp);
      if (given === undefined) return showPage(reply, 200, (nonce) => askPortalPage(nonce, action));
      if (!portal) {
        const message =
          'This is not the address of a Bitrix24 portal that this gateway may connect. It looks like company.bitrix24.com.';
        const mistake = { given: given.slice(0, 253), message };
        return showPage(reply, 400, (nonce) => askPortalPage(nonce, action, mistake));
      }
      const browser = this.cookie.of(request) ?? this.cookie.made();
      const outcome = await this.strategy.run({ app, query: {}, browser, portal });
      void reply.header('Set-Cookie', this.cookie.header(browser));
      if ('redirectTo' in outcome) void reply.header('Cache-Control', 'no-store').redirect(outcome.redirectTo, 302);
    });
  }

  @Get(['oauth/callback', 'oauth/callback/:app'])
  @Through(pageDoor)
  async finish(
    @Param('app') named: string | undefined,
    @Query() query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.showing(request, reply, async () => {
      const [code, state, server] = [text(query['code']), text(query['state']), text(query['server_domain'])];
      // Without a code passport-oauth2 would start another authorization; with an `error`, which Bitrix24 never sends,
      // it would fail.
      if (!code || !state) throw new Fault('state_invalid');
      const attempt = this.throttle.page(request);
      const returned = { code, state, ...(server && { server_domain: server }) };
      const app = await this.apps.get(named ?? defaultApp);
      const browser = this.cookie.of(request) ?? '';
      const returning = this.strategy.run({ app, query: returned, browser });
      const outcome = await this.recordingRefusal('authorization', app.id, request, returning);
      if (!('installed' in outcome)) return;
      attempt.proven();
      this.record('authorization', outcome.installed, request);
      showPage(reply, 200, (nonce) => installedPage(nonce, outcome.installed));
    });
  }

  @Post(['bitrix24/install', 'bitrix24/install/:app'])
  @Through(pageDoor)
  async frame(
    @Param('app') app: string | undefined,
    @Body() body: unknown,
    @Query() query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const parent = portalNamed(text(query['DOMAIN']) ?? '', this.settings.rules);
    await this.showing(
      request,
      reply,
      async () => {
        const attempt = this.throttle.page(request);
        const claim = { app: app ?? defaultApp, ...readFrame(formOf(body)) };
        if (!parent) throw new Fault('install_refused', { detail: foreignHost });
        const record = await this.recordingRefusal('portal page', claim.app, request, this.installer.fromClaim(claim));
        attempt.proven();
        this.record('portal page', record, request);
        const origin = new URL(record.endpoint).origin;
        showPage(reply, 200, (nonce) => framePage(nonce, record), { ancestors: origin, scripts: frameScript });
      },
      { ancestors: parent?.origin },
    );
  }

  /** Opening an app that has a page in Bitrix24's menu posts to its handler. Nothing in that post is used. */
  @Post(['oauth/callback', 'oauth/callback/:app'])
  @Through(pageDoor)
  async opened(
    @Param('app') named: string | undefined,
    @Query() query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const parent = portalNamed(text(query['DOMAIN']) ?? '', this.settings.rules);
    const frame = { ancestors: parent?.origin };
    await this.showing(
      request,
      reply,
      async () => {
        if (!parent) throw new Fault('install_refused', { detail: foreignHost });
        await this.apps.get(named ?? defaultApp);
        const retryUrl = `${installPath(request.url)}?portal=${encodeURIComponent(parent.domain)}`;
        showPage(reply, 200, (nonce) => openedPage(nonce, parent.domain, retryUrl), frame);
      },
      frame,
    );
  }

  /** Writes an install, or its refusal, to the audit log. */
  private record(
    actor: InstallActor,
    { portal, app = defaultApp }: Pick<PortalRecord, 'portal' | 'app'>,
    request: FastifyRequest,
    result: Pick<AuditEntry, 'status' | 'outcome'> = { status: 200, outcome: 'done' },
  ): void {
    const from = { requestId: request.id, source: sourceOf(request) };
    const entry = { actor, action: 'installPortal', portal, ...from, ids: { app }, atMs: this.clock.now() };
    this.audit.record({ ...entry, ...result });
  }

  /** Records an install that may not replace the connected grant, because a user of that portal tried it. */
  private async recordingRefusal<T>(
    actor: InstallActor,
    app: string,
    request: FastifyRequest,
    install: Promise<T>,
  ): Promise<T> {
    try {
      return await install;
    } catch (error) {
      if (error instanceof NotReplaced) {
        const { portal, status, code: outcome } = error;
        this.record(actor, { portal, app }, request, { status, outcome });
      }
      throw error;
    }
  }

  private async showing(
    request: FastifyRequest,
    reply: FastifyReply,
    work: () => Promise<void>,
    frame?: PageFrame,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      replyFault(asFault(error), request, reply, (fault) => {
        showFaultPage(fault, request, reply, frame);
      });
    }
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
