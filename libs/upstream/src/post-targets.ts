import { ExchangeFailure, hostNotAllowed, setNewest } from '@b24/portal';

/** Where undici sends a request. */
interface PostTarget {
  readonly origin: string;
  readonly path: string;
}

/** Endpoints that are remembered; one takes about 300 bytes. */
const maxEndpoints = 20_000;
/** The name of a method, which changes nothing but the end of a URL's path. */
const plainName = /^\w[\w.]*$/;

/**
 * Takes URLs apart and checks that they are allowed. A URL is an endpoint and the name of a method; an endpoint is
 * parsed and checked once, because the rules stay the same while the gateway runs.
 */
export class PostTargets {
  private readonly endpoints = new Map<string, PostTarget>();

  /** @param isAllowed returns the same for URLs that differ in their path only */
  constructor(private readonly isAllowed: (url: URL) => boolean) {}

  /** @throws ExchangeFailure HOST_NOT_ALLOWED */
  of(url: string): PostTarget {
    const nameAt = url.lastIndexOf('/') + 1;
    const name = url.slice(nameAt);
    const endpoint = url.slice(0, nameAt);
    if (!plainName.test(name)) return this.checked(url);
    const known = this.endpoints.get(endpoint) ?? this.remembered(endpoint);
    return known ? { origin: known.origin, path: known.path + name } : this.checked(url);
  }

  private remembered(endpoint: string): PostTarget | undefined {
    if (!URL.canParse(endpoint) || /[?#]/.test(endpoint)) return undefined;
    const target = this.checked(endpoint);
    setNewest(this.endpoints, endpoint, target, maxEndpoints);
    return target;
  }

  private checked(text: string): PostTarget {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (!url || !this.isAllowed(url)) throw new ExchangeFailure(false, hostNotAllowed);
    return { origin: url.origin, path: `${url.pathname}${url.search}` };
  }
}
