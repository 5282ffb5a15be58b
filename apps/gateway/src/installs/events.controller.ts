import type { Installer } from '@b24/grants';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { sourceOf } from '../http/source';
import { Throttle } from '../http/throttle';
import type { Settings } from '../settings';
import { installerToken, settingsToken } from '../tokens';
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
  ) {}

  @Post()
  @HttpCode(200)
  async take(@Body() body: unknown, @Req() request: FastifyRequest): Promise<{ received: true }> {
    const event = readEvent(formOf(body), this.settings.rules);
    const member = event.kind === 'install' ? event.claim.memberId : event.memberId;
    const attempt = this.throttle.event(request, member.toLowerCase());
    if (event.kind === 'install') {
      const proven = () => {
        attempt.proven();
      };
      this.inbox.take({ claim: event.claim, source: sourceOf(request), proven });
      return { received: true };
    }
    if (event.event === 'ONAPPUNINSTALL') await this.installer.uninstall(event.memberId, event.applicationToken);
    else await this.installer.checkEvent(event.memberId, event.applicationToken);
    attempt.proven();
    return { received: true };
  }
}
