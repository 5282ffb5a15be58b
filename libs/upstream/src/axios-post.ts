import { ExchangeFailure, type Post } from '@b24/portal';
import type { HttpService } from '@nestjs/axios';

/** What fails before a byte of the request has left. Everything else may have reached the other side. */
const neverSent =
  /^(HOST_NOT_ALLOWED|ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|UND_ERR_INVALID_ARG|CERT_\w+|ERR_TLS_\w+|ERR_SSL_\w+|UNABLE_TO_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+)$/;

/** The wire: one POST through @nestjs/axios; see undici-adapter.ts for how it is set. */
export function axiosPost(http: HttpService): Post {
  return async (url, { type, text }, { timeoutMs }) => {
    try {
      const { status, data } = await http.axiosRef.request<string>({
        method: 'post',
        url,
        data: text,
        headers: { 'Content-Type': type, Accept: 'application/json', 'User-Agent': 'b24-gateway' },
        timeout: timeoutMs,
      });
      return { status, body: data };
    } catch (error) {
      throw failure(error);
    }
  };
}

function failure(error: unknown): ExchangeFailure {
  const { code, name } = error as { code?: string; name?: string };
  const reason = code ?? name ?? 'unknown';
  return new ExchangeFailure(!neverSent.test(reason), reason);
}
