import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { parseCookie, stringifySetCookie } from 'cookie';

const lifetimeSeconds = 600;

/**
 * The cookie that identifies the browser that began an authorization. Its value is signed, so that only values of this
 * gateway are accepted. Over HTTPS its name has the prefix `__Host-` (RFC 6265bis), so that only this host can set it
 * and a sibling domain cannot choose it.
 */
export class BrowserCookie {
  private readonly isSecure: boolean;

  constructor(
    /** The first key signs, all keys verify. */
    private readonly signingKeys: readonly Buffer[],
    publicUrl: string,
    private readonly suffix = 'b24_install',
  ) {
    this.isSecure = publicUrl.startsWith('https:');
  }

  /** Creates a value for a browser without a cookie. */
  made(): string {
    const nonce = randomBytes(32).toString('base64url');
    return `${nonce}.${signature(this.signingKeys[0] ?? Buffer.alloc(0), nonce).toString('base64url')}`;
  }

  /** Returns the value that this gateway gave the browser; undefined if there is none. */
  of({ headers }: { readonly headers: { readonly cookie?: string | undefined } }): string | undefined {
    const value = parseCookie(headers.cookie ?? '')[this.name];
    return value !== undefined && this.isOurs(value) ? value : undefined;
  }

  /** Returns the `Set-Cookie` header that stores this value in the browser. */
  header(value: string): string {
    const options = { path: '/', httpOnly: true, sameSite: 'lax', maxAge: lifetimeSeconds } as const;
    return stringifySetCookie(this.name, value, { ...options, secure: this.isSecure });
  }

  /** Returns the `Set-Cookie` header that deletes the value. */
  cleared(): string {
    const options = { path: '/', httpOnly: true, sameSite: 'lax', maxAge: 0 } as const;
    return stringifySetCookie(this.name, '', { ...options, secure: this.isSecure });
  }

  private get name(): string {
    return this.isSecure ? `__Host-${this.suffix}` : this.suffix;
  }

  private isOurs(value: string): boolean {
    const [, nonce, signed] = /^([\w-]{43})\.([\w-]{43})$/.exec(value) ?? [];
    if (!nonce || !signed) return false;
    const given = Buffer.from(signed, 'base64url');
    return this.signingKeys.some((key) => timingSafeEqual(signature(key, nonce), given));
  }
}

function signature(key: Buffer, nonce: string): Buffer {
  return createHmac('sha256', key).update(nonce).digest();
}
