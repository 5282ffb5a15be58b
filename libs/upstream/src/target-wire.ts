import { type Clock, ExchangeFailure, exchangeTimedOut, hostNotAllowed } from '@b24/portal';
import { Agent, request } from 'undici';
import { checkedConnect, type AddressFilter } from './checked-connect';
import type { Egress } from './egress';
import { exchangeFailureOf } from './exchange-failure-of';

export interface TargetWireOptions {
  readonly clock: Clock;
  /** Milliseconds from the DNS lookup to the end of the answer. */
  readonly timeoutMs: number;
  /** Checks the URL by name, for each request. */
  readonly mayAsk: (url: URL) => boolean;
  readonly mayConnect: AddressFilter;
  readonly egress?: Egress;
}

export interface TargetWire {
  /** Sends one POST and follows no redirect. @throws ExchangeFailure when no answer came in time */
  readonly send: (
    url: string,
    headers: Readonly<Record<string, string>>,
    text: string,
  ) => Promise<{ readonly status: number; readonly retryAfter?: string }>;
  readonly close: () => Promise<void>;
}

/** Bytes of an answer that are read and discarded, so that its connection can be reused. */
const maxReadBytes = 64 * 1024;

/** Sends events to subscribed services. Of an answer only status and Retry-After are used. */
export function targetWire({ clock, timeoutMs, mayAsk, mayConnect, egress }: TargetWireOptions): TargetWire {
  const connect = checkedConnect(timeoutMs, mayConnect, egress);
  const agent = new Agent({ connect, pipelining: 1, keepAliveTimeout: 4000 });

  async function post(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal) {
    const sent = { ...headers, 'user-agent': 'b24-gateway' };
    const answer = await request(url, { dispatcher: agent, method: 'POST', headers: sent, body, signal });
    // The status is known; a late or broken body changes nothing.
    await answer.body.dump({ limit: maxReadBytes }).catch(() => undefined);
    const retryAfter = answer.headers['retry-after'];
    return { status: answer.statusCode, ...(typeof retryAfter === 'string' && { retryAfter }) };
  }

  return {
    async send(url, headers, text) {
      if (!URL.canParse(url) || !mayAsk(new URL(url))) throw new ExchangeFailure(false, hostNotAllowed);
      const controller = new AbortController();
      const callOff = clock.after(timeoutMs, () => {
        controller.abort();
      });
      try {
        return await post(url, headers, text, controller.signal);
      } catch (error) {
        throw new ExchangeFailure(true, controller.signal.aborted ? exchangeTimedOut : exchangeFailureOf(error).reason);
      } finally {
        callOff();
      }
    },
    close: () => agent.close(),
  };
}
