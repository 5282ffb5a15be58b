import { type Clock, ExchangeFailure, hostNotAllowed } from '@b24/portal';
import { type BoundedFetch, boundedFetch, type Egress, type FetchedRequest, isPublicAddress } from '@b24/upstream';

const limits = { timeoutMs: 10_000, maxAnswerBytes: 512 * 1024 };

export interface ProviderFetchOptions {
  readonly issuer: string;
  readonly clock: Clock;
  readonly egress: Egress;
}

/**
 * Sends requests to the identity provider. The host that the operator named as the issuer may have any address, and no
 * request goes to another scheme; hosts that the provider names in its metadata are reached by HTTPS at public addresses.
 * An answer that says that the provider failed counts as none.
 */
export function providerFetch({ issuer, clock, egress }: ProviderFetchOptions): BoundedFetch {
  const { origin, host } = new URL(issuer);
  const own = boundedFetch({ ...limits, clock, egress, mayConnect: () => true });
  const others = boundedFetch({ ...limits, clock, egress, mayConnect: (address) => isPublicAddress(address) });
  const fetch = async (url: URL, request: FetchedRequest) => {
    if (url.protocol !== 'https:' && url.origin !== origin) throw new ExchangeFailure(false, hostNotAllowed);
    const answer = await (url.host === host ? own : others).fetch(url, request);
    if (answer.status >= 500) throw new ExchangeFailure(true, `it answered ${answer.status}`);
    return answer;
  };
  return { fetch, close: async () => void (await Promise.all([own.close(), others.close()])) };
}
