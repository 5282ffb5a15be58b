import { answerTooLarge, type Clock, ExchangeFailure, type Post, within } from '@b24/portal';
import type { HttpService } from '@nestjs/axios';

/** What fails before a byte of the request has left. Everything else may have reached the other side. */
const neverSent =
  /^(HOST_NOT_ALLOWED|ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_INVALID_ARG|CERT_\w+|ERR_TLS_\w+|ERR_SSL_\w+|UNABLE_TO_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+)$/;

/** The reason of a failure when the whole answer did not come in time, and when nobody waited for it any more. */
const timedOut = 'TIMEOUT';
const abandoned = 'ABANDONED';

/** The wire: one POST through @nestjs/axios; undici-adapter.ts sends it. One time limit covers the whole exchange. */
export function axiosPost(http: HttpService, clock: Clock): Post {
  return async (url, { type, text }, { timeoutMs, signal = never }) => {
    let late = false;
    const inTime = { clock, ms: timeoutMs, late: () => ((late = true), new Error(timedOut)) };
    try {
      return await within(inTime, signal, async (ends) => {
        const { status, data } = await http.axiosRef.request<string>({
          method: 'post',
          url,
          data: text,
          headers: { 'Content-Type': type, Accept: 'application/json', 'User-Agent': 'b24-gateway' },
          signal: ends,
        });
        return { status, body: data };
      });
    } catch (error) {
      if (late) throw new ExchangeFailure(true, timedOut);
      if (signal.aborted) throw new ExchangeFailure(true, abandoned);
      throw failure(error);
    }
  };
}

const never = new AbortController().signal;

function failure(error: unknown): ExchangeFailure {
  const { code, name } = error as { code?: string; name?: string };
  const reason = code ?? name ?? 'unknown';
  if (reason === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new ExchangeFailure(true, answerTooLarge);
  return new ExchangeFailure(!neverSent.test(reason), reason);
}
