import type { Answer, Command } from '@b24/portal';
import type { Booking } from './booking';
import type { PortalLedger } from './operating-ledger';

/*
 * Who may share a batch (docs/bitrix24-rules.md#batch). One process runs the whole batch: commands on one entity see
 * each other's cached state, and a `$` in a string reads what others' commands returned.
 */

/** What one batch carries. */
export const mostSeats = 50;
/** All commands of a batch have 60 s together, and whoever waits for it usually 30. */
const longestTripMs = 20_000;
const heaviestTripBytes = 512 * 1024;

/** Certainly the same entity. */
export function areSame({ entity: a }: Command, { entity: b }: Command): boolean {
  if (!a || !b) return false;
  return a.family === b.family && agreement(a.ids, b.ids) === 'agree';
}

/** The same entity, as far as can be known. */
export function mayBeSame({ entity: a }: Command, { entity: b }: Command): boolean {
  if (!a || !b) return true;
  return a.family === b.family && agreement(a.ids, b.ids) !== 'differ';
}

type Ids = NonNullable<Command['entity']>['ids'];

function agreement(a: Ids, b: Ids): 'agree' | 'differ' | 'open' {
  const shared = Object.keys(a).filter((kind) => Object.hasOwn(b, kind));
  if (shared.some((kind) => a[kind] !== b[kind])) return 'differ';
  return shared.length > 0 ? 'agree' : 'open';
}

/** The vendor's methods know no case. */
function isSameMethod(a: Command, b: Command): boolean {
  return a.method.toLowerCase() === b.method.toLowerCase();
}

/** Those who travel together: the bookings of one trip, in the order of their seats. */
export class Company {
  readonly bookings: Booking[] = [];
  readonly commands: Command[] = [];
  private bytes = 0;
  private predictedMs = 0;
  private writes = false;

  constructor(private readonly ledger: PortalLedger) {}

  /** Nothing else may join it. */
  get isFull(): boolean {
    const travelsAlone = this.bookings[0] !== undefined && this.bookings[0].luggage === undefined;
    return travelsAlone || this.commands.length >= mostSeats;
  }

  admits(booking: Booking): boolean {
    if (this.bookings.length === 0) return true;
    const { commands, luggage } = booking;
    // The first one's luggage is counted in; without any it travels alone.
    if (luggage === undefined || this.bookings[0]?.luggage === undefined || this.ledger.isSpent('batch')) return false;
    if (this.commands.length + commands.length > mostSeats) return false;
    if (this.bytes + luggage > heaviestTripBytes) return false;
    if (this.predictedMs + this.predict(commands) > longestTripMs) return false;
    return commands.every((command) => this.suits(command));
  }

  add(booking: Booking): void {
    this.bookings.push(booking);
    this.commands.push(...booking.commands);
    this.bytes += booking.luggage ?? 0;
    this.predictedMs += this.predict(booking.commands);
    this.writes ||= booking.writes;
  }

  /** Each booking's part of the company's answers. */
  sharesOf(answers: readonly Answer[]): Map<Booking, readonly Answer[]> {
    let seat = 0;
    return new Map(this.bookings.map((booking) => [booking, answers.slice(seat, (seat += booking.commands.length))]));
  }

  without(gone: ReadonlySet<Booking>): Company {
    const rest = new Company(this.ledger);
    for (const booking of this.bookings) if (!gone.has(booking)) rest.add(booking);
    return rest;
  }

  private suits(command: Command): boolean {
    if (this.ledger.isNearLimit(command.method) && this.commands.some((it) => isSameMethod(it, command))) {
      return false;
    }
    if (command.effect === 'read' && !this.writes) return true;
    return !this.commands.some((it) => (it.effect === 'write' || command.effect === 'write') && mayBeSame(it, command));
  }

  private predict(commands: readonly Command[]): number {
    return commands.reduce((sum, { method }) => sum + this.ledger.predictMs(method), 0);
  }
}
