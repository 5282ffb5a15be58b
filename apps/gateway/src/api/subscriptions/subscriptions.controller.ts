import { Bindings, DeliveryWorker, EventQueue, type Subscription, Subscriptions, describeAttempt } from '@b24/events';
import type { PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { AuditContext } from '../../http/request-scope';
import { limitQuery, nextCursor, numberCursor, PageQueries } from '../../http/list-page';
import { Operation } from '../../http/operation';
import { headerReferences } from '../../http/problem-responses';
import { FromAuditContext } from '../../http/audit-context';
import { PortalDirectory } from '../../line/portal-directory';
import { deadLettersSchema, deadLetterView, deliveriesSchema, deliveryView } from './delivery-view';
import { EventTargets } from './event-targets';
import {
  bindingsOf,
  createdSubscriptionSchema,
  newSubscriptionSchema,
  replayOptionsSchema,
  replaySchema,
  secretRotationSchema,
  type SubscriptionDeliveries,
  subscriptionChangesSchema,
  subscriptionDetailsSchema,
  subscriptionSchema,
  subscriptionsSchema,
  testDeliverySchema,
  viewOf,
} from './subscription-view';

const anyId = z.string().max(64).describe('The id of the subscription.');
const deadLetterIdSchema = z.string().min(1).max(64).describe('The id of the dead letter.');
type CreatedSubscriptionView = z.infer<typeof createdSubscriptionSchema>;
type SubscriptionView = z.infer<typeof subscriptionSchema>;
const nothingWaits: SubscriptionDeliveries = { waiting: 0, dead: 0 };

@ApiTags('subscriptions')
@Controller('v1/subscriptions')
export class SubscriptionsController {
  constructor(
    private readonly subscriptions: Subscriptions,
    private readonly queue: EventQueue,
    private readonly deliveryWorker: DeliveryWorker,
    private readonly bindings: Bindings,
    private readonly targets: EventTargets,
    private readonly portals: PortalDirectory,
  ) {}

  @Post()
  @Operation({
    id: 'createSubscription',
    summary: 'Subscribe an internal service to events of portals',
    description:
      'The gateway binds these events on portals that have the app installed; portals by webhook cannot send events. Messages are signed as Standard Webhooks defines it.',
    scope: 'admin',
    status: 201,
    onRetry: {
      kind: 'unknown',
      writesTo: 'store',
      advice:
        'It is unknown whether the subscription was created, and its secret cannot be returned again. If GET /v1/subscriptions lists it, delete it; then create another with a new Idempotency-Key.',
    },
    says: 'The subscription and its secret, which is returned only here.',
    answer: createdSubscriptionSchema,
    headers: headerReferences('Location'),
    faults: [
      'portal_not_found',
      'too_many_subscriptions',
      'target_not_allowed',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async create(
    @Body({ schema: newSubscriptionSchema }) wanted: z.infer<typeof newSubscriptionSchema>,
    @FromAuditContext() audit: AuditContext,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CreatedSubscriptionView> {
    const { name, url, events } = wanted;
    this.targets.assertAllowed(url);
    const portals = await this.idsOf(wanted.portals);
    const made = await this.subscriptions.create({ url, events, portals, ...(name !== undefined && { name }) });
    audit.ids['subscriptionId'] = made.id;
    void reply.header('Location', `/v1/subscriptions/${made.id}`);
    return { ...viewOf(made, nothingWaits), secret: made.secret.reveal() };
  }

  @Get()
  @Operation({
    id: 'listSubscriptions',
    summary: 'List the subscriptions, oldest first',
    scope: 'admin',
    status: 200,
    says: 'All subscriptions, without their secrets.',
    answer: subscriptionsSchema,
  })
  async list(): Promise<z.infer<typeof subscriptionsSchema>> {
    const all = await this.subscriptions.list();
    const deliveries = await this.deliveriesOf(all.map(({ id }) => id));
    return { items: all.map((it, i) => viewOf(it, deliveries[i] ?? nothingWaits)) };
  }

  @Get(':id')
  @Operation({
    id: 'getSubscription',
    summary: 'Get a subscription and its event bindings',
    scope: 'admin',
    status: 200,
    says: 'The subscription.',
    answer: subscriptionDetailsSchema,
    faults: ['subscription_not_found'],
  })
  async get(@Param('id', { schema: anyId }) id: string): Promise<z.infer<typeof subscriptionDetailsSchema>> {
    const found = await this.subscriptions.get(id);
    return { ...(await this.view(found)), bindings: bindingsOf(found, await this.bindings.all()) };
  }

  @Patch(':id')
  @Operation({
    id: 'updateSubscription',
    summary: 'Change, pause or resume a subscription',
    description: 'What waits goes to the new URL. Events that are no longer wanted and wait already are still sent.',
    scope: 'admin',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'The subscription as it is now.',
    answer: subscriptionSchema,
    faults: [
      'subscription_not_found',
      'portal_not_found',
      'target_not_allowed',
      'body_too_large',
      'unsupported_media_type',
    ],
  })
  async update(
    @Param('id', { schema: anyId }) id: string,
    @Body({ schema: subscriptionChangesSchema }) wanted: z.infer<typeof subscriptionChangesSchema>,
  ): Promise<SubscriptionView> {
    const { url, events, portals, paused } = wanted;
    if (url !== undefined) this.targets.assertAllowed(url);
    const changed = await this.subscriptions.change(id, {
      ...(url !== undefined && { url }),
      ...(events !== undefined && { events }),
      ...(portals !== undefined && { portals: await this.idsOf(portals) }),
      ...(paused !== undefined && { paused: paused ? 'operator' : null }),
    });
    this.deliveryWorker.wake();
    return this.view(changed);
  }

  @Post(':id/rotate')
  @Operation({
    id: 'rotateSubscriptionSecret',
    summary: 'Give a subscription another secret',
    scope: 'admin',
    status: 200,
    onRetry: {
      kind: 'unknown',
      writesTo: 'store',
      advice:
        'The secret may have been replaced before its answer was lost; a new one cannot be shown again. Rotate again, with another Idempotency-Key.',
    },
    says: 'The subscription, with its new secret, which is shown only here.',
    answer: createdSubscriptionSchema,
    faults: ['subscription_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async rotate(
    @Param('id', { schema: anyId }) id: string,
    @Body({ schema: secretRotationSchema }) { graceSeconds }: z.infer<typeof secretRotationSchema>,
  ): Promise<CreatedSubscriptionView> {
    const rotated = await this.subscriptions.rotate(id, graceSeconds * 1000);
    return { ...(await this.view(rotated)), secret: rotated.secret.reveal() };
  }

  @Post(':id/test')
  @Operation({
    id: 'testSubscription',
    summary: 'Send a message of our own to the target, once and now',
    description: 'Its event is `GATEWAY.TEST`. It is signed like any other, waits for nothing and is not sent again.',
    scope: 'admin',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'What came of it.',
    answer: testDeliverySchema,
    faults: ['subscription_not_found', 'target_not_allowed', 'body_too_large', 'unsupported_media_type'],
  })
  async test(@Param('id', { schema: anyId }) id: string): Promise<z.infer<typeof testDeliverySchema>> {
    const subscription = await this.subscriptions.get(id);
    this.targets.assertAllowed(subscription.url);
    const { id: messageId, attempt } = await this.deliveryWorker.test(subscription);
    const status = 'status' in attempt ? attempt.status : undefined;
    const delivered = status !== undefined && status >= 200 && status < 300;
    return { id: messageId, delivered, ...(status !== undefined && { status }), detail: describeAttempt(attempt) };
  }

  @Delete(':id')
  @Operation({
    id: 'deleteSubscription',
    summary: 'Delete a subscription with all that waits for it',
    scope: 'admin',
    status: 204,
    onRetry: { kind: 'gone', code: 'subscription_not_found' },
    says: 'The subscription is gone; portals are asked to send no more than others want.',
    faults: ['subscription_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async remove(@Param('id', { schema: anyId }) id: string): Promise<void> {
    await this.subscriptions.remove(id);
  }

  @Get(':id/deliveries')
  @Operation({
    id: 'listDeliveries',
    summary: 'List the events that wait for a subscription, the next attempt first',
    description: 'How often each was tried, what the target answered last, and when it is tried next.',
    scope: 'admin',
    status: 200,
    says: 'A page of waiting events.',
    answer: deliveriesSchema,
    faults: ['subscription_not_found'],
  })
  @PageQueries('Deliveries')
  async deliveries(
    @Param('id', { schema: anyId }) id: string,
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: numberCursor.default(0) }) from: number,
  ): Promise<z.infer<typeof deliveriesSchema>> {
    await this.subscriptions.get(id);
    const found = await this.queue.deliveries(id, { from, limit });
    const { waiting } = await this.stateOf(id);
    return { items: found.map(deliveryView), ...nextCursor(from + limit < waiting ? from + limit : undefined) };
  }

  @Get(':id/dead-letters')
  @Operation({
    id: 'listDeadLetters',
    summary: 'List the dead letters of a subscription, newest first',
    scope: 'admin',
    status: 200,
    says: 'A page of dead letters.',
    answer: deadLettersSchema,
    faults: ['subscription_not_found'],
  })
  @PageQueries('Letters')
  async deadLetters(
    @Param('id', { schema: anyId }) id: string,
    @Query('limit', { schema: limitQuery }) limit: number,
    @Query('cursor', { schema: numberCursor.default(0) }) from: number,
  ): Promise<z.infer<typeof deadLettersSchema>> {
    await this.subscriptions.get(id);
    const letters = await this.queue.deadLetters(id, { from, limit });
    const { dead } = await this.stateOf(id);
    return { items: letters.map(deadLetterView), ...nextCursor(from + limit < dead ? from + limit : undefined) };
  }

  @Post(':id/dead-letters/replay')
  @Operation({
    id: 'replayDeadLetters',
    summary: 'Send all dead letters again, or those since a time',
    scope: 'admin',
    status: 200,
    onRetry: { kind: 'repeated' },
    says: 'The number of messages that are sent again.',
    answer: replaySchema,
    faults: ['subscription_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async replayAll(
    @Param('id', { schema: anyId }) id: string,
    @Body({ schema: replayOptionsSchema }) { since }: z.infer<typeof replayOptionsSchema>,
  ): Promise<z.infer<typeof replaySchema>> {
    await this.subscriptions.get(id);
    const replayed = await this.queue.replay(id, since === undefined ? {} : { sinceMs: Date.parse(since) });
    this.deliveryWorker.wake();
    return { replayed };
  }

  @Post(':id/dead-letters/:deadLetterId/replay')
  @Operation({
    id: 'replayDeadLetter',
    summary: 'Send a dead letter again',
    scope: 'admin',
    status: 204,
    onRetry: { kind: 'gone', code: 'dead_letter_not_found' },
    says: 'The message is queued again.',
    faults: ['subscription_not_found', 'dead_letter_not_found', 'body_too_large', 'unsupported_media_type'],
  })
  async replay(
    @Param('id', { schema: anyId }) id: string,
    @Param('deadLetterId', { schema: deadLetterIdSchema }) deadLetterId: string,
  ): Promise<void> {
    await this.subscriptions.get(id);
    await this.queue.replay(id, { id: deadLetterId });
    this.deliveryWorker.wake();
  }

  private async view(subscription: Subscription): Promise<SubscriptionView> {
    return viewOf(subscription, await this.stateOf(subscription.id));
  }

  private async stateOf(id: string): Promise<SubscriptionDeliveries> {
    const [state] = await this.deliveriesOf([id]);
    return state ?? nothingWaits;
  }

  private async deliveriesOf(ids: readonly string[]): Promise<SubscriptionDeliveries[]> {
    const [counts, histories] = await Promise.all([this.queue.counts(ids), this.queue.histories(ids)]);
    return counts.map((it, i) => ({ ...it, ...histories[i] }));
  }

  private async idsOf(names: 'all' | readonly string[]): Promise<'all' | PortalId[]> {
    if (names === 'all') return names;
    return [...new Set(await Promise.all(names.map((name) => this.portals.find(name))))];
  }
}
