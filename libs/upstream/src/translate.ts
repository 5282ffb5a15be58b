import { Fault, type Operating, type VendorResponse } from '@b24/portal';
import {
  methodDenied,
  namesPlan,
  namesToken,
  errorSentences,
  methodErrorCodes,
  methodErrorCodesAt403,
  tokenRefused,
  type ErrorTranslation,
  unpaid,
  vendorErrors,
} from './vendor-errors';

/** How long a method with used-up operating time pauses when the vendor does not say. */
const defaultResetMs = 60_000;

export interface ReportedError {
  readonly method: string;
  readonly status: number;
  readonly error: string;
  readonly description: string;
  readonly said?: Readonly<Record<string, unknown>>;
  readonly validation?: VendorResponse['validation'];
}

/** Translates the vendor's error to a Fault: by its code, then by its sentence, then by its status. */
export function translate(
  it: ReportedError,
  operating: Operating | undefined,
  nowMs: number,
): { fault: Fault; concerns: 'request' | 'command' } {
  const { code, concerns, retryReason, haltMs, detail } = translation(it);
  const retryAfterMs =
    code === 'operating_time_spent' ? Math.max(1000, (operating?.resetAtMs ?? nowMs + defaultResetMs) - nowMs) : haltMs;
  const upstream: VendorResponse = {
    method: it.method,
    status: it.status,
    error: it.error,
    description: it.description,
    ...(it.said && { said: it.said }),
    ...(it.validation && { validation: it.validation }),
  };
  const fault = new Fault(code, {
    upstream,
    ...(detail && { detail }),
    ...(retryReason && { retryReason }),
    ...(haltMs && { haltMs }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  return { fault, concerns };
}

function translation({ status, error, description }: ReportedError): ErrorTranslation {
  const code = error.toLowerCase();
  const known = Object.hasOwn(vendorErrors, code) ? vendorErrors[code] : undefined;
  if (methodErrorCodes.has(code) || (status === 403 && methodErrorCodesAt403.has(code))) {
    return methodError(description);
  }
  if (known) return known;
  const words = description.trim().toLowerCase();
  const sentence = errorSentences.find(([start]) => words.startsWith(start));
  if (sentence) return { code: sentence[1], concerns: 'command' };
  return { code: status >= 500 ? 'portal_error' : 'rejected_by_portal', concerns: 'command' };
}

/** Translates a method's own refusal, unless its sentence names the plan or the token. */
function methodError(description: string): ErrorTranslation {
  if (namesPlan.test(description)) return unpaid;
  return namesToken.test(description) ? tokenRefused : methodDenied;
}
