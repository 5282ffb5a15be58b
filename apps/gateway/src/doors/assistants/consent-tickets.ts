import { type Clock, Fault } from '@b24/portal';
import type { Sealer } from '@b24/seal';
import type { ConsentRequest } from './consent-request';
import { SealedJson } from './sealed-json';

const lifeMs = 10 * 60_000;
/** Longer than a ticket with the largest client id and state, each letter of which JSON may escape. */
const maxTicketLength = 32_000;

/** What a person is about to allow, from page to page. */
export interface ConsentTicket {
  readonly request: ConsentRequest;
  /** SHA-256 of the key that was entered on the page before. */
  readonly keyDigest?: string;
  /** The client that chose the key: its own, or an administrator at the console. */
  readonly allowedBy?: string;
}

/**
 * Tickets in the forms of the consent. A ticket is sealed for one browser, so that no other page can post the form, and
 * for ten minutes.
 */
export class ConsentTickets {
  private readonly tickets: SealedJson<ConsentTicket & { readonly untilMs: number }>;

  constructor(
    sealer: Sealer,
    private readonly clock: Clock,
  ) {
    this.tickets = new SealedJson(sealer, maxTicketLength);
  }

  /** @param browser the value of its cookie */
  issue(ticket: ConsentTicket, browser: string): string {
    return this.tickets.seal({ ...ticket, untilMs: this.clock.now() + lifeMs }, browser);
  }

  /** @throws Fault state_invalid for another browser's, a changed or an old ticket */
  open(text: string | undefined, browser: string | undefined): ConsentTicket {
    const ticket = browser && text ? this.tickets.open(text, browser) : undefined;
    if (ticket && this.clock.now() < ticket.untilMs) return ticket;
    throw new Fault('state_invalid', {
      detail: 'This page is older than ten minutes, or was opened in another browser. Start at the app once more.',
    });
  }
}
