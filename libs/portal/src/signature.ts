import { createHmac, randomBytes } from 'node:crypto';
import { Secret } from './secret';

/** Creates a signing secret of Standard Webhooks: `whsec_` and the key in base64. */
export function newSigningSecret(): Secret {
  return new Secret(`whsec_${randomBytes(32).toString('base64')}`);
}

/** Returns the headers that authenticate a message by Standard Webhooks 1.0, with a signature for each secret. */
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
