import { type Clock, ExchangeFailure, type Post } from '@b24/portal';
import type { Dispatcher } from 'undici';
import { PortalExchange, abandoned } from './portal-exchange';
import { ExchangeDeadlines } from './exchange-deadlines';
import { bodyOf, headerListOf } from './post-request';
import { PostTargets } from './post-targets';

export interface PortalPostOptions {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
  readonly maxAnswerBytes: number;
  /** Checks a URL by its scheme, host and port; the rules stay the same while the gateway runs. */
  readonly isAllowed: (url: URL) => boolean;
}

/**
 * Returns the `Post` for calls of portals, straight over undici (docs/decisions/0004). It follows no redirect, its
 * failures hold no part of the request, and a time limit ends an exchange within a second.
 */
export function portalPost({ dispatcher, clock, maxAnswerBytes, isAllowed }: PortalPostOptions): Post {
  const targets = new PostTargets(isAllowed);
  const deadlines = new ExchangeDeadlines(clock);
  return (url, body, { timeoutMs, signal, headers }) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) throw new ExchangeFailure(false, abandoned);
      const { origin, path } = targets.of(url);
      const exchange = new PortalExchange({ resolve, reject }, { maxAnswerBytes, deadlines, signal });
      deadlines.add(exchange, timeoutMs);
      signal?.addEventListener('abort', exchange, { once: true });
      const request = {
        origin,
        path,
        method: 'POST',
        headers: headerListOf(body, headers),
        body: bodyOf(body),
      } as const;
      dispatcher.dispatch(request, exchange);
    });
}
