import type { QueuedCall } from './queued-call';
import { isSameEntity } from './batch-builder';

/** What waits or is under way on one entity. */
class EntityCalls {
  readonly inFlight = new Set<QueuedCall>();
  /** By client, in the order in which they came. */
  readonly byClient = new Map<string, Set<QueuedCall>>();
  /** How many of them write. */
  writes = 0;
}

/**
 * The order on entities, where a write is among what concerns them. A key's own commands keep their order. Between keys
 * they take turns: each waits for what is under way and not given up, and for at most one of every other key, so that no key keeps an
 * entity for itself by having much that waits for it.
 */
export class EntityOrder {
  private readonly entities = new Map<string, EntityCalls>();
  private lastTurn = 0;

  add(call: QueuedCall): void {
    for (const name of call.entityKeys) {
      const place = this.at(name);
      if (call.isWrite) place.writes++;
      const own = place.byClient.get(call.client) ?? new Set();
      place.byClient.set(call.client, own.add(call));
    }
    this.assignTurn(call);
  }

  /** It is under way: what concerns its entities waits for it, whoever asks, while its callers do. */
  markInFlight(call: QueuedCall): void {
    for (const name of call.entityKeys) this.entities.get(name)?.inFlight.add(call);
  }

  requeue(call: QueuedCall): void {
    for (const name of call.entityKeys) this.entities.get(name)?.inFlight.delete(call);
  }

  remove(call: QueuedCall): void {
    for (const name of call.entityKeys) {
      const place = this.entities.get(name);
      const own = place?.byClient.get(call.client);
      if (!place || !own?.delete(call)) continue;
      if (call.isWrite) place.writes--;
      place.inFlight.delete(call);
      if (own.size === 0) place.byClient.delete(call.client);
      if (place.byClient.size === 0) this.entities.delete(name);
    }
  }

  /** Nothing on the same entity forbids it to leave. @param canGo whether another waits for nothing but its turn */
  isItsTurn(call: QueuedCall, canGo: (other: QueuedCall) => boolean): boolean {
    this.assignTurn(call);
    for (const name of call.entityKeys) {
      const place = this.entities.get(name);
      if (!place || (place.writes === 0 && !call.isWrite)) continue;
      for (const earlier of callsBefore(place, call, canGo)) if (mustKeepOrder(earlier, call)) return false;
    }
    return true;
  }

  /** Nothing of its own key waits before it on its entities. */
  isFirst(call: QueuedCall): boolean {
    return call.entityKeys.every((name) => firstOf(this.entities.get(name)?.byClient.get(call.client)) === call);
  }

  /** Its turn begins when it is the first of its key. */
  private assignTurn(call: QueuedCall): void {
    if (call.turn === undefined && this.isFirst(call)) call.turn = ++this.lastTurn;
  }

  private at(name: string): EntityCalls {
    let place = this.entities.get(name);
    if (!place) this.entities.set(name, (place = new EntityCalls()));
    return place;
  }
}

/** What is before it on the place: under way, earlier of its own key, or the first of another key, if it can go. */
function* callsBefore(
  place: EntityCalls,
  call: QueuedCall,
  canGo: (other: QueuedCall) => boolean,
): Generator<QueuedCall> {
  for (const other of place.inFlight) if (other !== call && holds(other, call)) yield other;
  const turn = call.turn ?? Infinity;
  for (const [key, calls] of place.byClient) {
    if (key === call.client) {
      for (const own of calls) {
        if (own === call) break;
        yield own;
      }
    } else {
      const other = firstOf(calls);
      if (other?.turn !== undefined && other.turn < turn && canGo(other)) yield other;
    }
  }
}

/** What was given up holds its own key alone: the request of another is not for that caller to delay. */
function holds({ isAbandoned, client }: QueuedCall, call: QueuedCall): boolean {
  return !isAbandoned || client === call.client;
}

/** The first that waits. */
function firstOf(calls: Iterable<QueuedCall> = []): QueuedCall | undefined {
  for (const call of calls) if (call.sentAtMs === undefined) return call;
  return undefined;
}

function mustKeepOrder(a: QueuedCall, b: QueuedCall): boolean {
  if (!a.isWrite && !b.isWrite) return false;
  return a.commands.some((it) =>
    b.commands.some((other) => (it.effect === 'write' || other.effect === 'write') && isSameEntity(it, other)),
  );
}
