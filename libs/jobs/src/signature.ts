import { createHmac, randomBytes } from 'node:crypto';
import { Secret } from '@b24/portal';

/** As Standard Webhooks writes it: `whsec_` and the base64 of the key. */
export function newSecret(): Secret {
  return new Secret(`whsec_${randomBytes(32).toString('base64')}`);
}

/** The headers that prove where a message comes from, as Standard Webhooks 1.0 has them. */
export function signed(
  secret: Secret,
  { id, text }: { id: string; text: string },
  nowMs: number,
): Record<string, string> {
  const timestamp = `${Math.floor(nowMs / 1000)}`;
  const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
