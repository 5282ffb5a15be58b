import { Fault, writeJson } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Door, FaultRenderer } from '../../http/door';
import { authenticateKey } from '../../http/authenticate-key';
import { vendorError, type SdkResponse } from './vendor-response';
import { type WebhookUrl, webhookUrl } from './webhook-call';

/** Replies in the vendor's envelope. */
export function replyAsVendor(reply: FastifyReply, { status, body }: SdkResponse): void {
  void reply.status(status).header('Content-Type', 'application/json; charset=utf-8').send(writeJson(body));
}

/** Renders a fault of the gateway's own as the vendor's error. */
const renderVendorError: FaultRenderer = (fault, request, reply) => {
  const { '*': path } = request.params as { '*'?: string };
  replyAsVendor(reply, vendorError(fault, { isV3: path?.startsWith('api/') }));
};

/** How long Bitrix24 lets a call run; SDKs wait as long. */
const vendorTimeMs = 60_000;

/** Admits SDKs with a key in the URL, in place of a webhook's secret. */
export const webhookDoor: Door = {
  needsStore: true,
  carriesPayload: true,
  minDeadlineMs: vendorTimeMs,
  renderFault: renderVendorError,
  admit: (request, parts) => authenticateKey(request, webhookOf(request).key, parts),
};

/** For the questions of browsers. */
export const preflightDoor: Door = { needsStore: false, renderFault: renderVendorError };

/** Parses the URL of a webhook. @throws Fault key_missing for any other URL */
export function webhookOf({ params }: FastifyRequest): WebhookUrl {
  const requested = webhookUrl((params as { '*': string })['*']);
  if (!requested) throw new Fault('key_missing', { detail: 'Call /rest/{userId}/{client key}/{method}.' });
  return requested;
}
