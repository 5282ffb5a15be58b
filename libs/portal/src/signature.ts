import { createHmac, randomBytes } from 'node:crypto';
import { Secret } from './secret';

/** As Standard Webhooks writes it: `whsec_` and the base64 of the key. */
export function newSigningSecret(): Secret {
  return new Secret(`whsec_${randomBytes(32).toString('base64')}`);
}

/** The headers that prove where a message comes from, as Standard Webhooks 1.0 has them; a signature for each secret. */
export function signatureHeaders(
  secrets: readonly Secret[],
  { id, text }: { id: string; text: string },
  nowMs: number,
): Record<string, string> {
  const timestamp = `${Math.floor(nowMs / 1000)}`;
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
