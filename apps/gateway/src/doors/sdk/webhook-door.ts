import { Fault } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import type { Door } from '../../http/door';
import { keyOwner } from '../../http/key-owner';
import { type WebhookUrl, webhookUrl } from './webhook-call';

/** SDKs: the key stands in the URL, in the place of a webhook's secret. */
export const webhookDoor: Door = {
  needsStore: true,
  admit: (request, parts) => keyOwner(request, webhookOf(request).key, parts),
};

/** @throws Fault key_missing for a URL that is no webhook's */
export function webhookOf({ params }: FastifyRequest): WebhookUrl {
  const asked = webhookUrl((params as { '*': string })['*']);
  if (!asked) throw new Fault('key_missing', { detail: 'Call /rest/{userId}/{client key}/{method}.' });
  return asked;
}
