import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Fault, Secret, type Sealer, type SealPurpose, type Seals } from '@b24/portal';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

const saltBytes = 16;
const ivBytes = 12;
const tagBytes = 16;
const sealedText = /^v([12])\.([A-Za-z0-9_-]{1,32})\.[A-Za-z0-9_-]{38,}$/;

/** The keys that everything is sealed under: the first writes, all read. */
export class Seal implements Seals {
  private readonly sealers = new Map<SealPurpose, Sealer>();

  constructor(private readonly keys: readonly [EncryptionKey, ...EncryptionKey[]]) {}

  /** What seals and opens texts of this purpose. */
  for(purpose: SealPurpose): Sealer {
    const sealer = this.sealers.get(purpose) ?? new PurposeSeal(this.keys, this.derive(`seal ${purpose}`));
    this.sealers.set(purpose, sealer);
    return sealer;
  }

  /** A key for another purpose, the same on every replica; one per encryption key, the writing one first. */
  derive(purpose: string): readonly Buffer[] {
    return this.keys.map(({ key }) => derived(key, purpose));
  }
}

/**
 * AES-256-GCM over single fields. A sealed text names its key and opens for its purpose and at its own place
 * (`portal|field`) only: `v2.<key id>.<base64url of salt, iv, tag and ciphertext>`. Each text has a key of its own, made of the
 * purpose's key and 128 random bits, so that the number of texts that one key may seal (2^32, NIST SP 800-38D section 8.3)
 * is never reached. `v1`, which earlier builds wrote under the encryption key itself, is read and is stale.
 */
class PurposeSeal implements Sealer {
  constructor(
    private readonly keys: readonly [EncryptionKey, ...EncryptionKey[]],
    private readonly ofPurpose: readonly Buffer[],
  ) {}

  close(secret: Secret, place: string): string {
    const salt = randomBytes(saltBytes);
    const iv = randomBytes(ivBytes);
    const cipher = createCipheriv('aes-256-gcm', this.keyOfText(0, salt), iv).setAAD(Buffer.from(place));
    const text = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    return `v2.${this.keys[0].id}.${Buffer.concat([salt, iv, cipher.getAuthTag(), text]).toString('base64url')}`;
  }

  /** @throws Fault when the key is not among ours, Error when the text was changed, moved or sealed for another purpose. */
  open(sealed: string, place: string): Secret {
    const [version, id, data] = sealed.split('.');
    const at = this.keys.findIndex((it) => it.id === id);
    if ((version !== 'v1' && version !== 'v2') || !this.keys[at] || !data) {
      throw new Fault('internal_error', {
        detail: `A stored secret was encrypted with key '${id}', which is not among ENCRYPTION_KEYS.`,
      });
    }
    const bytes = Buffer.from(data, 'base64url');
    if (version === 'v1') return opened(this.keys[at].key, bytes, place);
    return opened(this.keyOfText(at, bytes.subarray(0, saltBytes)), bytes.subarray(saltBytes), place);
  }

  isStale(text: string): boolean {
    const [, version, id] = sealedText.exec(text) ?? [];
    return id !== undefined && (id !== this.keys[0].id || version !== '2');
  }

  renew(sealed: string, place: string): string {
    return this.close(this.open(sealed, place), place);
  }

  private keyOfText(at: number, salt: Buffer): Buffer {
    return createHmac('sha256', this.ofPurpose[at] ?? Buffer.alloc(0))
      .update(salt)
      .digest();
  }
}

function opened(key: Buffer, bytes: Buffer, place: string): Secret {
  const [iv, tag] = [bytes.subarray(0, ivBytes), bytes.subarray(ivBytes, ivBytes + tagBytes)];
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(place)).setAuthTag(tag);
  const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
  return new Secret(text.toString('utf8'));
}

function derived(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', `b24-gateway ${purpose}`, 32));
}

/** The id of the key that a text is sealed under; undefined when it is no sealed text. */
export function sealedUnder(text: string): string | undefined {
  return sealedText.exec(text)?.[2];
}
