import { type VendorErrorCode, vendorError } from './vendor-errors';

/**
 * An answer of the vendor that carries an `error` key; codes 0 and 100 are a method's own refusal
 * (docs/bitrix24-rules.md#errors).
 */
export class VendorRefusal extends Error {
  constructor(
    readonly code: string | number,
    /** Null leaves `error_description` out. */
    readonly description: string | null,
    readonly status: number,
    /** Shown exactly as it is, whatever the portal's quirks. */
    readonly verbatim = false,
  ) {
    super(`${code}: ${description}`);
  }

  static of(code: VendorErrorCode, status = vendorError(code).status): VendorRefusal {
    return new VendorRefusal(code, vendorError(code).description, status);
  }
}

/** A controller's refusal: HTTP 400, code 0, one sentence (docs/bitrix24-rules.md#scrum). */
export function refuse(sentence: string): never {
  throw new VendorRefusal(0, sentence, 400);
}
