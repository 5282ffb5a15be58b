import { type Clock, Fault, Secret } from '@b24/portal';
import type { Sealer } from '@b24/seal';

/** A link lives as long as the access token that the portal put into its own one. */
const lifeMs = 3_600_000;
const aad = 'file link';
/** Sealed texts of the gateway, and nothing else, are opened. */
const sealedText = /^v2\.[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,8000}$/;

interface StoredLink {
  readonly url: string;
  readonly untilMs: number;
}

/**
 * Links to files of portals that hold no secret: the portal's own link is sealed in them. Anyone with such a link may use it
 * for an hour, to read or to write this one file.
 */
export class SealedLinks {
  constructor(
    private readonly sealer: Sealer,
    private readonly clock: Clock,
    /** How callers reach the gateway. */
    private readonly publicUrl: string,
  ) {}

  /** Returns the gateway's link for a portal's link. */
  linkFor(vendorLink: URL): string {
    const stored: StoredLink = { url: vendorLink.href, untilMs: this.clock.now() + lifeMs };
    return `${this.publicUrl}/files/${this.sealer.seal(new Secret(JSON.stringify(stored)), aad)}`;
  }

  /** Returns the portal's link. @throws Fault file_link_invalid */
  open(sealed: string): URL {
    const stored = this.opened(sealed);
    if (!stored || stored.untilMs < this.clock.now()) throw new Fault('file_link_invalid');
    return new URL(stored.url);
  }

  private opened(sealed: string): StoredLink | undefined {
    if (!sealedText.test(sealed)) return undefined;
    try {
      return JSON.parse(this.sealer.open(sealed, aad).reveal()) as StoredLink;
    } catch {
      return undefined;
    }
  }
}
