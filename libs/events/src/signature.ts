import { createHmac, randomBytes } from 'node:crypto';
import { Secret } from '@b24/portal';
import type { Subscription } from './subscription';

/** As Standard Webhooks writes it: `whsec_` and the base64 of the key. */
export function newSecret(): Secret {
  return new Secret(`whsec_${randomBytes(32).toString('base64')}`);
}

/** The headers that prove where a message comes from, as Standard Webhooks 1.0 has them. */
export function signed(
  { secret, former }: Pick<Subscription, 'secret' | 'former'>,
  { id, text }: { id: string; text: string },
  nowMs: number,
): Record<string, string> {
  const timestamp = `${Math.floor(nowMs / 1000)}`;
  const secrets = former && former.untilMs > nowMs ? [secret, former.secret] : [secret];
  const signatures = secrets.map((it) => {
    const key = Buffer.from(it.reveal().replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
