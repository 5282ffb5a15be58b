import { type Clock, ExchangeFailure, exchangeTimedOut } from '@b24/portal';
import { Agent, request } from 'undici';
import { type AddressFilter, checkedConnect } from './checked-connect';
import type { Egress } from './egress';
import { exchangeFailureOf } from './exchange-failure-of';

export interface BoundedFetchOptions {
  readonly clock: Clock;
  /** Milliseconds from the DNS lookup to the end of the answer. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes: number;
  readonly mayConnect: AddressFilter;
  readonly egress?: Egress;
}

/** The parts of a request that a library passes to `fetch`. */
export interface FetchedRequest {
  readonly method?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
}

export interface BoundedFetch {
  /** Sends one request and follows no redirect. @throws ExchangeFailure when no complete answer came in time */
  readonly fetch: (url: URL, request: FetchedRequest) => Promise<Response>;
  readonly close: () => Promise<void>;
}

/** Answers with these statuses have no body. */
const emptyStatuses: ReadonlySet<number> = new Set([204, 205, 304]);

/** Returns a `fetch` for libraries, with limits of time, size and addresses. */
export function boundedFetch(options: BoundedFetchOptions): BoundedFetch {
  const { clock, timeoutMs, maxAnswerBytes, mayConnect, egress } = options;
  const connect = checkedConnect(timeoutMs, mayConnect, egress);
  const agent = new Agent({ connect, pipelining: 1, keepAliveTimeout: 4000, maxResponseSize: maxAnswerBytes });

  async function exchange(url: URL, { method = 'GET', headers, body }: FetchedRequest, signal: AbortSignal) {
    const sent = { ...headers, 'user-agent': 'b24-gateway' };
    const answer = await request(url, {
      ...{ dispatcher: agent, method: method as 'GET', headers: sent, signal },
      ...(body !== undefined && { body }),
    });
    const text = await answer.body.text();
    const type = answer.headers['content-type'];
    return new Response(emptyStatuses.has(answer.statusCode) ? null : text, {
      status: answer.statusCode,
      headers: { ...(typeof type === 'string' && { 'content-type': type }) },
    });
  }

  return {
    async fetch(url, wanted) {
      const controller = new AbortController();
      const callOff = clock.after(timeoutMs, () => {
        controller.abort();
      });
      try {
        return await exchange(url, wanted, controller.signal);
      } catch (error) {
        throw new ExchangeFailure(true, controller.signal.aborted ? exchangeTimedOut : exchangeFailureOf(error).reason);
      } finally {
        callOff();
      }
    },
    close: () => agent.close(),
  };
}
