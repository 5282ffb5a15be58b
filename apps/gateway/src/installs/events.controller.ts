import { AuditLog } from '@b24/access';
import type { Installer } from '@b24/grants';
import type { Clock, PortalId } from '@b24/portal';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { sourceOf } from '../http/source';
import { Throttle } from '../http/throttle';
import type { Settings } from '../settings';
import { clockToken, installerToken, settingsToken } from '../tokens';
import { readEvent } from './claims';
import { InstallInbox } from './install-inbox';
import { formOf } from './installs.controller';

/** Where Bitrix24 posts its events. */
@ApiExcludeController()
@Controller('bitrix24/events')
export class EventsController {
  constructor(
    @Inject(InstallInbox) private readonly inbox: InstallInbox,
    @Inject(installerToken) private readonly installer: Installer,
    @Inject(settingsToken) private readonly settings: Settings,
    @Inject(Throttle) private readonly throttle: Throttle,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  async take(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ received: true }> {
    const event = readEvent(formOf(body), this.settings.rules);
    const member = event.kind === 'install' ? event.claim.memberId : event.memberId;
    const attempt = this.throttle.event(request, member.toLowerCase());
    const proven = () => {
      attempt.proven();
    };
    if (event.kind === 'install') {
      await this.inbox.take({ claim: event.claim, source: sourceOf(request), requestId: request.id, proven });
      return { received: true };
    }
    const portal = await this.installer.checkEvent(event.memberId, event.applicationToken);
    proven();
    if (event.event === 'ONAPPUNINSTALL') {
      await this.installer.uninstall(portal, event.applicationToken);
      this.noteUninstall(portal, request);
    }
    return { received: true };
  }

  private noteUninstall(portal: PortalId, { id: requestId }: FastifyRequest): void {
    const told = { actor: 'portal event', action: 'uninstallPortal', portal, requestId };
    this.audit.note({ ...told, atMs: this.clock.now(), status: 200, outcome: 'done' });
  }
}
