import { answerTooLarge, ExchangeFailure } from '@b24/portal';

/** Failures before a byte of the request was sent. After any other failure the request may have arrived. */
const neverSent =
  /^(HOST_NOT_ALLOWED|ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_INVALID_ARG|CERT_\w+|ERR_TLS_\w+|ERR_SSL_\w+|UNABLE_TO_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+|PROXY_\w+)$/;

/** Returns the failure for an error of undici or of the system. It holds neither URL nor body. */
export function exchangeFailureOf(error: unknown): ExchangeFailure {
  const { code, name } = error as { code?: unknown; name?: string };
  // An abort has a number as its code.
  const reason = typeof code === 'string' ? code : (name ?? 'unknown');
  if (reason === 'UND_ERR_RES_EXCEEDED_MAX_SIZE' || reason === 'ERR_BUFFER_TOO_LARGE')
    return new ExchangeFailure(true, answerTooLarge);
  return new ExchangeFailure(!neverSent.test(reason), reason);
}
