import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Fault, Secret } from '@b24/portal';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

const ivBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM over single fields. A sealed text names its key and opens only at its own place (`portal|field`), so
 * that it can't be moved to another portal or field: `v1.<key id>.<base64url of iv, tag and ciphertext>`.
 */
export class Seal {
  constructor(private readonly keys: readonly [EncryptionKey, ...EncryptionKey[]]) {}

  close(secret: Secret, place: string): string {
    const { id, key } = this.keys[0];
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
    const text = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    return `v1.${id}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`;
  }

  /** @throws Fault when the key is not among ours, Error when the text was changed or moved. */
  open(sealed: string, place: string): Secret {
    const [version, id, data] = sealed.split('.');
    const key = this.keys.find((it) => it.id === id)?.key;
    if (version !== 'v1' || !key || !data) {
      throw new Fault('internal_error', {
        detail: `A stored secret was encrypted with key '${id}', which is not among ENCRYPTION_KEYS.`,
      });
    }
    const bytes = Buffer.from(data, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivBytes), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    return new Secret(
      Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString('utf8'),
    );
  }

  /** Is the text sealed, and under another key than the first? */
  isStale(text: string): boolean {
    const id = sealedUnder(text);
    return id !== undefined && id !== this.keys[0].id;
  }

  /** The same secret under the first key. @throws as `open` does */
  renew(sealed: string, place: string): string {
    return this.close(this.open(sealed, place), place);
  }

  /** A key for another purpose, the same on every replica; one per encryption key, the writing one first. */
  derive(purpose: string): readonly Buffer[] {
    return this.keys.map(({ key }) => Buffer.from(hkdfSync('sha256', key, '', `b24-gateway ${purpose}`, 32)));
  }
}

/** The id of the key that a text is sealed under; undefined when it is no sealed text. */
export function sealedUnder(text: string): string | undefined {
  return /^v1\.([A-Za-z0-9_-]{1,32})\.[A-Za-z0-9_-]{38,}$/.exec(text)?.[1];
}
