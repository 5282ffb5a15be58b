import { AuditLog } from '@b24/access';
import type { Clock, PortalId } from '@b24/portal';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { sourceOf } from '../http/source';
import { Throttle } from '../http/throttle';
import type { Settings } from '../settings';
import { EventInbox } from '../subscriptions/event-inbox';
import { clockToken, settingsToken } from '../tokens';
import { readEvent } from './claims';
import { InstallInbox } from './install-inbox';
import { formOf } from './installs.controller';

/** Where Bitrix24 posts its events. */
@ApiExcludeController()
@Controller('bitrix24/events')
export class EventsController {
  constructor(
    @Inject(InstallInbox) private readonly installs: InstallInbox,
    @Inject(EventInbox) private readonly events: EventInbox,
    @Inject(settingsToken) private readonly settings: Settings,
    @Inject(Throttle) private readonly throttle: Throttle,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(200)
  async take(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ received: true }> {
    const told = readEvent(formOf(body), this.settings.rules);
    const { memberId } = told.kind === 'install' ? told.claim : told.event;
    const attempt = this.throttle.event(request, memberId.toLowerCase());
    const proven = () => {
      attempt.proven();
    };
    if (told.kind === 'install') {
      await this.installs.take({ claim: told.claim, source: sourceOf(request), requestId: request.id, proven });
      return { received: true };
    }
    const uninstalled = (portal: PortalId) => {
      this.noteUninstall(portal, request);
    };
    await this.events.take({ ...told.event, receivedAtMs: this.clock.now() }, { proven, uninstalled });
    return { received: true };
  }

  private noteUninstall(portal: PortalId, { id: requestId }: FastifyRequest): void {
    const told = { actor: 'portal event', action: 'uninstallPortal', portal, requestId };
    this.audit.note({ ...told, atMs: this.clock.now(), status: 200, outcome: 'done' });
  }
}
