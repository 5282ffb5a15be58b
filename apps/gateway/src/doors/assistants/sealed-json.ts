import { Secret } from '@b24/portal';
import type { Sealer } from '@b24/seal';

/** The alphabet of sealed texts. */
const sealedText = /^v2\.[\w-]+\.[\w-]+$/;

/** Values that an app or a browser holds for the gateway: it can neither read nor change them. Nothing is stored. */
export class SealedJson<T extends object> {
  constructor(
    private readonly sealer: Sealer,
    /** Longer texts are not opened. */
    private readonly maxLength: number,
  ) {}

  /** @param holder for whom the value is sealed: with another one it does not open */
  seal(value: T, holder: string): string {
    return this.sealer.seal(new Secret(JSON.stringify(value)), holder);
  }

  /** Returns the value; undefined for a text that was not sealed here for this holder. */
  open(text: string, holder: string): T | undefined {
    if (text.length > this.maxLength || !sealedText.test(text)) return undefined;
    try {
      return JSON.parse(this.sealer.open(text, holder).reveal()) as T;
    } catch {
      return undefined;
    }
  }
}
