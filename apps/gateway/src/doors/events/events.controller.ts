import { AuditLog } from '@b24/access';
import { Apps, defaultApp, isAppId } from '@b24/grants';
import { asFault, type Clock, Fault, type PortalId } from '@b24/portal';
import { Body, Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Through } from '../../http/door';
import { sourceOf } from '../../http/source-address';
import { Throttle } from '../../http/throttle';
import type { Settings } from '../../settings';
import { EventInbox } from './event-inbox';
import { clockToken, settingsToken } from '../../http/injection-tokens';
import { readEvent } from './claims';
import { InstallInbox } from './install-inbox';
import { eventsDoor } from './events-door';
import { formOf } from './form-of';

/** Receives events from Bitrix24. Each app has a URL of its own. */
@ApiExcludeController()
@Controller('bitrix24/events')
export class EventsController {
  constructor(
    private readonly installs: InstallInbox,
    private readonly events: EventInbox,
    private readonly apps: Apps,
    @Inject(settingsToken) private readonly settings: Settings,
    private readonly throttle: Throttle,
    private readonly audit: AuditLog,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  @Post(['', ':app'])
  @Through(eventsDoor)
  @HttpCode(200)
  async take(
    @Param('app') app: string | undefined,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<{ received: true }> {
    const received = readEvent(formOf(body), this.settings.rules);
    const { memberId } = received.kind === 'install' ? received.claim : received.event;
    const attempt = this.throttle.event(request, memberId.toLowerCase());
    const proven = () => {
      attempt.proven();
    };
    const appId = await this.appNamed(app);
    if (received.kind === 'install') {
      const claim = { app: appId, ...received.claim };
      await this.installs.take({ claim, source: sourceOf(request), requestId: request.id, proven });
      return { received: true };
    }
    const uninstalled = (portal: PortalId) => {
      this.noteUninstall(appId, portal, request);
    };
    await this.events.take({ app: appId, ...received.event, receivedAtMs: this.clock.now() }, { proven, uninstalled });
    return { received: true };
  }

  /**
   * Returns the app of an event. While the apps cannot be read, the app is taken from the URL, because an install is
   * never repeated and waits for the store.
   */
  private async appNamed(app = defaultApp): Promise<string> {
    if (!isAppId(app)) throw new Fault('app_not_found');
    try {
      return (await this.apps.get(app)).id;
    } catch (error) {
      if (asFault(error).code !== 'store_unavailable') throw error;
      return app;
    }
  }

  private noteUninstall(app: string, portal: PortalId, request: FastifyRequest): void {
    const from = { requestId: request.id, source: sourceOf(request) };
    const entry = { actor: 'portal event', action: 'uninstallPortal', portal, ...from, ids: { app } };
    this.audit.record({ ...entry, atMs: this.clock.now(), status: 200, outcome: 'done' });
  }
}
