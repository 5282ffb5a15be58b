import type { PortalFaultKind } from './fault-kinds';
import type { InjectionOptions } from './fault-injector';
import type { SimulatedPortal } from './simulated-portal';

/** A failure of a portal that a person can start and end by `/_simulator/failure`. */
interface DemoFailure {
  readonly kind: string;
  readonly title: string;
  /** What happens at the portal. */
  readonly about: string;
  /** False: it happens once, and there is nothing to end. */
  readonly lasts: boolean;
  readonly start: (portal: SimulatedPortal) => void | Promise<void>;
}

const slowMs = 3000;
const injected = (kind: PortalFaultKind, options: InjectionOptions = {}): Pick<DemoFailure, 'lasts' | 'start'> => ({
  lasts: true,
  start: (portal) => portal.faults.next(kind, { ...options, times: Infinity }),
});

const demoFailures: readonly DemoFailure[] = [
  {
    kind: 'expired-tokens',
    title: 'Access tokens expire',
    about: 'Every access token of the portal is refused from now on. Refresh tokens still work.',
    lasts: false,
    start: (portal) => portal.expireAccessTokens(),
  },
  {
    kind: 'revoked-grant',
    title: 'The grant is revoked',
    about:
      'Access tokens and refresh tokens are refused until an administrator of the portal allows the app once more.',
    lasts: false,
    start: (portal) => portal.revokeFamilies(),
  },
  {
    kind: 'plan-expired',
    title: 'The plan expires',
    about: 'Each call is refused with ACCESS_DENIED, as on a portal without a commercial plan.',
    ...injected('ACCESS_DENIED'),
  },
  {
    kind: 'query-limit',
    title: 'Too many requests',
    about: 'Each request is refused with QUERY_LIMIT_EXCEEDED, as if another app used up the limit of the portal.',
    ...injected('QUERY_LIMIT_EXCEEDED'),
  },
  {
    kind: 'slow',
    title: 'The portal is slow',
    about: `Each answer takes ${slowMs / 1000} seconds longer.`,
    ...injected('slow', { delayMs: slowMs }),
  },
  {
    kind: 'down',
    title: 'The portal is down',
    about: 'Each connection is cut before an answer.',
    ...injected('cut-before'),
  },
  {
    kind: 'html',
    title: 'HTML instead of JSON',
    about: 'A server in front of the portal answers 502 with an HTML page.',
    ...injected('html'),
  },
  {
    kind: 'renamed',
    title: 'The portal is renamed',
    about: 'The portal moves to another address; its old one redirects there.',
    lasts: true,
    start: (portal) => portal.rename(),
  },
];

/** Which failure of the demo each portal has now; one at a time. */
export class DemoFailures {
  private readonly active = new WeakMap<SimulatedPortal, string>();

  get kinds(): readonly Omit<DemoFailure, 'start'>[] {
    return demoFailures.map(({ kind, title, about, lasts }) => ({ kind, title, about, lasts }));
  }

  of(portal: SimulatedPortal): string | null {
    return this.active.get(portal) ?? null;
  }

  /** Ends what the portal has and starts this. Returns false for a kind that does not exist. */
  async start(portal: SimulatedPortal, kind: unknown): Promise<boolean> {
    const failure = demoFailures.find((one) => one.kind === kind);
    if (failure === undefined) return false;
    await this.end(portal);
    await failure.start(portal);
    if (failure.lasts) this.active.set(portal, failure.kind);
    return true;
  }

  async end(portal: SimulatedPortal): Promise<void> {
    if (this.active.get(portal) === 'renamed') await portal.rename();
    portal.faults.clear();
    this.active.delete(portal);
  }
}
