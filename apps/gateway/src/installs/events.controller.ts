import type { Installer } from '@b24/grants';
import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
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
  ) {}

  @Post()
  @HttpCode(200)
  async take(@Body() body: unknown): Promise<{ received: true }> {
    const event = readEvent(formOf(body), this.settings.rules);
    if (event.kind === 'install') await this.inbox.take(event.claim);
    else if (event.event === 'ONAPPUNINSTALL') await this.installer.uninstall(event.memberId, event.applicationToken);
    else await this.installer.checkEvent(event.memberId, event.applicationToken);
    return { received: true };
  }
}
