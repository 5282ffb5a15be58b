import { checkAccess } from '@b24/access';
import { Bindings, patternsFor, Subscriptions } from '@b24/events';
import { type GrantStore, RedisGrantStore } from '@b24/grants';
import { Fault } from '@b24/portal';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import { FromCaller } from '../../http/caller';
import { Operation } from '../../http/operation';
import { portalName } from '../../http/shapes';
import { PortalDirectory } from '../../line/portal-directory';
import type { CallerContext } from '../../request-line';
import { canSeePortal } from '../portals/can-see-portal';
import { eventBindingsSchema, eventBindingsView } from './event-bindings-view';

@ApiTags('portals')
@Controller('v1/portals')
export class EventBindingsController {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly bindings: Bindings,
    private readonly portals: PortalDirectory,
    @Inject(RedisGrantStore) private readonly store: GrantStore,
  ) {}

  @Get(':portal/event-bindings')
  @Operation({
    id: 'getEventBindings',
    summary: 'Get the events that a portal is asked to send',
    description: 'What subscriptions want of the portal, whether its events are bound, and why not.',
    scope: 'portals:read',
    status: 200,
    says: 'The event bindings of the portal.',
    answer: eventBindingsSchema,
    faults: ['portal_not_found'],
  })
  async get(
    @Param('portal', { schema: portalName }) name: string,
    @FromCaller() { client }: CallerContext,
  ): Promise<z.infer<typeof eventBindingsSchema>> {
    const portal = await this.portals.find(name);
    checkAccess(client, { scope: 'portals:read', portal });
    const record = await this.store.load(portal);
    if (!record || !canSeePortal(client, record)) throw new Fault('portal_not_found');
    const [subscriptions, bound, nextAtMs] = await Promise.all([
      this.subscriptions.list(),
      this.bindings.of(portal),
      this.bindings.nextAtMs(portal),
    ]);
    const wanted = patternsFor(portal, subscriptions);
    return eventBindingsView({ wanted, bound, nextAtMs, hasApp: record.kind === 'app' });
  }
}
