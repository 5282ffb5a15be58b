import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Fault, Secret } from '@b24/portal';
import type { Sealer, SealPurpose } from './sealer';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

const saltBytes = 16;
const ivBytes = 12;
const tagBytes = 16;
const sealedText = /^v([12])\.([A-Za-z0-9_-]{1,32})\.[A-Za-z0-9_-]{38,}$/;

/** The encryption keys of a replica. The first seals, all open. */
export class Keyring {
  private readonly sealers = new Map<SealPurpose, Sealer>();

  constructor(readonly keys: readonly [EncryptionKey, ...EncryptionKey[]]) {}

  /** Returns the sealer of one purpose. */
  for(purpose: SealPurpose): Sealer {
    const sealer = this.sealers.get(purpose) ?? new PurposeSealer(this.keys, this.derive(`seal ${purpose}`));
    this.sealers.set(purpose, sealer);
    return sealer;
  }

  /** Derives keys for something other than sealing, equal on every replica: one per encryption key, in their order. */
  derive(purpose: string): readonly Buffer[] {
    return this.keys.map(({ key }) => Buffer.from(hkdfSync('sha256', key, '', `b24-gateway ${purpose}`, 32)));
  }
}

/**
 * AES-256-GCM over single texts: `v2.<key id>.<base64url of salt, IV, tag and ciphertext>`. Each text has a key of its own,
 * derived from the purpose's key and 128 random bits, so no key comes near 2^32 texts (NIST SP 800-38D, section 8.3).
 * `v1`, which earlier builds wrote under the encryption key itself, opens and is stale.
 */
class PurposeSealer implements Sealer {
  constructor(
    private readonly keys: readonly [EncryptionKey, ...EncryptionKey[]],
    private readonly purposeKeys: readonly Buffer[],
  ) {}

  seal(secret: Secret, aad: string): string {
    const salt = randomBytes(saltBytes);
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.textKey(0, salt), iv).setAAD(Buffer.from(aad));
    const text = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    return `v2.${this.keys[0].id}.${Buffer.concat([salt, iv, cipher.getAuthTag(), text]).toString('base64url')}`;
  }

  open(sealed: string, aad: string): Secret {
    const [version, id, data] = sealed.split('.');
    const index = this.keys.findIndex((it) => it.id === id);
    if ((version !== 'v1' && version !== 'v2') || !this.keys[index] || !data) {
      throw new Fault('internal_error', {
        detail: `A stored secret was encrypted with key '${id}', which is not among ENCRYPTION_KEYS.`,
      });
    }
    const bytes = Buffer.from(data, 'base64url');
    if (version === 'v1') return decrypt(this.keys[index].key, bytes, aad);
    return decrypt(this.textKey(index, bytes.subarray(0, saltBytes)), bytes.subarray(saltBytes), aad);
  }

  isStale(text: string): boolean {
    const [, version, id] = sealedText.exec(text) ?? [];
    return id !== undefined && (id !== this.keys[0].id || version !== '2');
  }

  reseal(sealed: string, aad: string): string {
    return this.seal(this.open(sealed, aad), aad);
  }

  private textKey(index: number, salt: Buffer): Buffer {
    return createHmac('sha256', this.purposeKeys[index] ?? Buffer.alloc(0))
      .update(salt)
      .digest();
  }
}

function decrypt(key: Buffer, bytes: Buffer, aad: string): Secret {
  const [iv, tag] = [bytes.subarray(0, ivBytes), bytes.subarray(ivBytes, ivBytes + tagBytes)];
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(aad)).setAuthTag(tag);
  const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
  return new Secret(text.toString('utf8'));
}

/** Returns the id of the key that a text is sealed under; undefined for a text that is not sealed. */
export function keyIdOf(text: string): string | undefined {
  return sealedText.exec(text)?.[2];
}
