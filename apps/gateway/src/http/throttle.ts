import { TokenBuckets } from '@b24/access';
import { type Clock, Fault } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import { sourceOf } from './source-address';

/** Maximum names in each kind of budget; a few megabytes at most. */
const maxNames = 20_000;

/** An attempt that was admitted before it is verified. */
export interface ThrottledAttempt {
  /** Called once the attempt is verified: refunds its charge. */
  proven(): void;
}

/**
 * Limits attempts that are not verified yet. Each attempt is charged to its source address and refunded once it is
 * verified, so genuine requests pass in any number (docs/decisions/0010). Per replica, in bounded memory.
 */
export class Throttle {
  private readonly wrongKeys: TokenBuckets;
  private readonly pages: TokenBuckets;
  private readonly authorizations: TokenBuckets;
  private readonly events: TokenBuckets;
  private readonly eventsOfMember: TokenBuckets;
  private readonly webhookProbes: TokenBuckets;

  /** @param provenFrom called with the address and the name of each verified portal or client */
  constructor(
    clock: Clock,
    private readonly provenFrom: (address: string, name: string) => void = () => undefined,
  ) {
    this.wrongKeys = new TokenBuckets({ capacity: 30, tokensPerSecond: 0.5, maxNames }, clock);
    this.pages = new TokenBuckets({ capacity: 120, tokensPerSecond: 1, maxNames }, clock);
    // Each stores a state in Redis for ten minutes: at most 14,000 in total.
    this.authorizations = new TokenBuckets({ capacity: 2000, tokensPerSecond: 20, maxNames: 1 }, clock);
    // Bitrix24 sends the events of all portals from few addresses.
    this.events = new TokenBuckets({ capacity: 600, tokensPerSecond: 10, maxNames }, clock);
    this.eventsOfMember = new TokenBuckets({ capacity: 30, tokensPerSecond: 0.5, maxNames }, clock);
    // Each sends a request to a host that the caller names.
    this.webhookProbes = new TokenBuckets({ capacity: 60, tokensPerSecond: 0.5, maxNames }, clock);
  }

  /** Charges an unknown key. @throws Fault too_many_attempts */
  wrongKey(request: FastifyRequest): void {
    assertWithinBudget(this.wrongKeys.take(sourceOf(request)));
  }

  /** Checks the budget before the form of a page is read, without a charge. @throws Fault too_many_attempts */
  mayOpenPage(request: FastifyRequest): void {
    assertWithinBudget(this.pages.waitMs(sourceOf(request)));
  }

  /**
   * Checks the budget before an event is read, without a charge: only the body names its portal. @throws Fault
   * too_many_attempts
   */
  mayPostEvent(request: FastifyRequest): void {
    assertWithinBudget(this.events.waitMs(sourceOf(request)));
  }

  /** Records a valid key. */
  rightKey(request: FastifyRequest, client: string): void {
    this.provenFrom(sourceOf(request), client);
  }

  /** Charges a visit to a page of the install. @throws Fault too_many_attempts */
  page(request: FastifyRequest): ThrottledAttempt {
    const source = sourceOf(request);
    assertWithinBudget(this.pages.take(source));
    return {
      proven: () => {
        this.pages.refund(source);
      },
    };
  }

  /** Charges the start of an authorization, from any address. @throws Fault too_many_attempts */
  authorization(): void {
    assertWithinBudget(this.authorizations.take('of all'));
  }

  /** Charges the probe of an incoming webhook to its client. @throws Fault too_many_attempts */
  webhookProbe(client: string): ThrottledAttempt {
    assertWithinBudget(this.webhookProbes.take(client));
    return {
      proven: () => {
        this.webhookProbes.refund(client);
      },
    };
  }

  /** Charges an event that claims to be from this portal. @throws Fault too_many_attempts */
  event(request: FastifyRequest, memberId: string): ThrottledAttempt {
    const source = sourceOf(request);
    const pair = `${source} ${memberId}`;
    // The portal's own budget first: an event that it refuses is not charged to the address.
    assertWithinBudget(this.eventsOfMember.take(pair));
    assertWithinBudget(this.events.take(source));
    return {
      proven: () => {
        this.events.refund(source);
        this.eventsOfMember.refund(pair);
        this.provenFrom(source, memberId);
      },
    };
  }
}

function assertWithinBudget(waitMs: number): void {
  if (waitMs > 0) throw new Fault('too_many_attempts', { retryAfterMs: waitMs });
}
