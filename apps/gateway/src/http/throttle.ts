import { TokenBuckets } from '@b24/access';
import { type Clock, Fault } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import { sourceOf } from './source-address';

/** Names kept in mind by each kind of budget: a few megabytes at most. */
const maxNames = 20_000;

/** Something that was let in before it proved what it claims. */
export interface ThrottledAttempt {
  /** It did: it costs nothing. */
  proven(): void;
}

/**
 * How often those may knock who have not proved anything. Each attempt costs its source address, and is given back when
 * it proves itself, so that what is genuine passes however much of it there is (docs/decisions/0010). On this replica,
 * in bounded memory.
 */
export class Throttle {
  private readonly wrongKeys: TokenBuckets;
  private readonly pages: TokenBuckets;
  private readonly authorizations: TokenBuckets;
  private readonly events: TokenBuckets;
  private readonly eventsOfMember: TokenBuckets;
  private readonly webhookProbes: TokenBuckets;

  /** @param provenFrom called with the address and the name of each portal or client that proved itself */
  constructor(
    clock: Clock,
    private readonly provenFrom: (address: string, name: string) => void = () => undefined,
  ) {
    this.wrongKeys = new TokenBuckets({ capacity: 30, tokensPerSecond: 0.5, maxNames }, clock);
    this.pages = new TokenBuckets({ capacity: 120, tokensPerSecond: 1, maxNames }, clock);
    // Each leaves a state in Redis for ten minutes: 14,000 of them at most, whoever asks.
    this.authorizations = new TokenBuckets({ capacity: 2000, tokensPerSecond: 20, maxNames: 1 }, clock);
    // Bitrix24 speaks for all its portals from few addresses.
    this.events = new TokenBuckets({ capacity: 600, tokensPerSecond: 10, maxNames }, clock);
    this.eventsOfMember = new TokenBuckets({ capacity: 30, tokensPerSecond: 0.5, maxNames }, clock);
    // Each asks a host that the caller names.
    this.webhookProbes = new TokenBuckets({ capacity: 60, tokensPerSecond: 0.5, maxNames }, clock);
  }

  /** A key that is nobody's. @throws Fault too_many_attempts */
  wrongKey(request: FastifyRequest): void {
    assertWithinBudget(this.wrongKeys.take(sourceOf(request)));
  }

  /** Asked before a page's form is read, at no cost. @throws Fault too_many_attempts */
  mayOpenPage(request: FastifyRequest): void {
    assertWithinBudget(this.pages.waitMs(sourceOf(request)));
  }

  /** Asked before an event is read, at no cost: whose it is, only its body says. @throws Fault too_many_attempts */
  mayPostEvent(request: FastifyRequest): void {
    assertWithinBudget(this.events.waitMs(sourceOf(request)));
  }

  /** A key that is a client's. */
  rightKey(request: FastifyRequest, client: string): void {
    this.provenFrom(sourceOf(request), client);
  }

  /** Somebody opens a page of the install. @throws Fault too_many_attempts */
  page(request: FastifyRequest): ThrottledAttempt {
    const source = sourceOf(request);
    assertWithinBudget(this.pages.take(source));
    return {
      proven: () => {
        this.pages.refund(source);
      },
    };
  }

  /** Somebody begins an authorization, from whatever address. @throws Fault too_many_attempts */
  authorization(): void {
    assertWithinBudget(this.authorizations.take('of all'));
  }

  /** A client wants an incoming webhook tried. @throws Fault too_many_attempts */
  webhookProbe(client: string): ThrottledAttempt {
    assertWithinBudget(this.webhookProbes.take(client));
    return {
      proven: () => {
        this.webhookProbes.refund(client);
      },
    };
  }

  /** An event that claims to be of this portal. @throws Fault too_many_attempts */
  event(request: FastifyRequest, memberId: string): ThrottledAttempt {
    const source = sourceOf(request);
    const pair = `${source} ${memberId}`;
    // The portal's own first: one that is refused there costs the address nothing.
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
