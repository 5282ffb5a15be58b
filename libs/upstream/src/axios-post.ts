import {
  bytesOfPieces,
  type Clock,
  ExchangeFailure,
  exchangeTimedOut,
  type JsonPieces,
  type Post,
  within,
} from '@b24/portal';
import type { HttpService } from '@nestjs/axios';
import { Readable } from 'node:stream';
import { exchangeFailureOf } from './exchange-failure-of';

/** The reason of a failure when the caller no longer waits for the answer. */
const abandoned = 'ABANDONED';

/** Returns a `Post` through @nestjs/axios, sent by undici-adapter.ts. One time limit covers the whole exchange. */
export function axiosPost(http: HttpService, clock: Clock): Post {
  return async (url, { type, text }, { timeoutMs, signal = never, headers }) => {
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
          data: typeof text === 'string' ? text : Readable.from(bytesOf(text)),
          headers: {
            ...{ 'Content-Type': type, Accept: 'application/json', 'Accept-Encoding': 'identity' },
            'User-Agent': 'b24-gateway',
            ...(typeof text !== 'string' && { 'Content-Length': String(bytesOfPieces(text)) }),
            ...headers,
          },
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

function* bytesOf(pieces: JsonPieces): Generator<Uint8Array> {
  for (const piece of pieces) {
    if (typeof piece === 'string') yield Buffer.from(piece);
    else yield* piece.json();
  }
}

const never = new AbortController().signal;
