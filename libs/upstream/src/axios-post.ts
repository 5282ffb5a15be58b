import { type Clock, ExchangeFailure, exchangeTimedOut, type Post, within } from '@b24/portal';
import type { HttpService } from '@nestjs/axios';
import { abandoned } from './portal-exchange';
import { exchangeFailureOf } from './exchange-failure-of';
import { bodyOf, headersOf } from './post-request';

/** Returns a `Post` through @nestjs/axios, sent by undici-adapter.ts. One time limit covers the whole exchange. */
export function axiosPost(http: HttpService, clock: Clock): Post {
  return async (url, body, { timeoutMs, signal = never, headers }) => {
    let late = false;
    const inTime = { clock, ms: timeoutMs, late: () => ((late = true), new Error(exchangeTimedOut)) };
    try {
      return await within(inTime, signal, async (ends) => {
        const {
          status,
          data,
          headers: answered,
        } = await http.axiosRef.request<string>({
          method: 'post',
          url,
          data: bodyOf(body),
          headers: headersOf(body, headers),
          signal: ends,
        });
        return { status, body: data, ...(answered['idempotent-replayed'] === 'true' && { replayed: true }) };
      });
    } catch (error) {
      if (late) throw new ExchangeFailure(true, exchangeTimedOut);
      if (signal.aborted) throw new ExchangeFailure(true, abandoned);
      throw exchangeFailureOf(error);
    }
  };
}

const never = new AbortController().signal;
