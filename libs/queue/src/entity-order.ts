import type { QueuedCall } from './queued-call';
import { isSameEntity } from './batch-builder';

/** Which calls may be sent now, apart from their order on entities. */
export interface SendFilter {
  /** Whether a request may carry calls of this client. */
  client(from: string): boolean;
  call(call: QueuedCall): boolean;
}

/** The waiting and in-flight calls that concern one entity. */
class EntityCalls {
  readonly inFlight = new Set<QueuedCall>();
  /** The calls of each client, in the order in which they came. */
  readonly byClient = new Map<string, Set<QueuedCall>>();
  /** How many of the calls write. */
  writes = 0;
}

/**
 * The order of calls on entities, where at least one of them writes. Calls of one client keep their order. Clients take
 * turns: a call waits for calls in flight that are not abandoned, and for at most one of every other client, so that no
 * client occupies an entity by queueing many calls for it.
 */
export class EntityOrder {
  private readonly entities = new Map<string, EntityCalls>();
  private lastTurn = 0;

  add(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) {
      const entity = this.at(entityKey);
      if (call.isWrite) entity.writes++;
      const own = entity.byClient.get(call.client) ?? new Set();
      entity.byClient.set(call.client, own.add(call));
    }
    this.assignTurn(call);
  }

  /** Makes calls of all clients on the same entities wait for this one, until it is answered or abandoned. */
  markInFlight(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) this.entities.get(entityKey)?.inFlight.add(call);
  }

  requeue(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) this.entities.get(entityKey)?.inFlight.delete(call);
  }

  remove(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) {
      const entity = this.entities.get(entityKey);
      const own = entity?.byClient.get(call.client);
      if (!entity || !own?.delete(call)) continue;
      if (call.isWrite) entity.writes--;
      entity.inFlight.delete(call);
      if (own.size === 0) entity.byClient.delete(call.client);
      if (entity.byClient.size === 0) this.entities.delete(entityKey);
    }
  }

  /** Whether no other call on the same entities must be sent before. */
  isItsTurn(call: QueuedCall, filter: SendFilter): boolean {
    this.assignTurn(call);
    for (const entityKey of call.entityKeys) {
      const entity = this.entities.get(entityKey);
      if (!entity || (entity.writes === 0 && !call.isWrite)) continue;
      for (const earlier of callsBefore(entity, call, filter)) if (mustKeepOrder(earlier, call)) return false;
    }
    return true;
  }

  /** Whether no earlier call of the same client waits on its entities. */
  isFirst(call: QueuedCall): boolean {
    return call.entityKeys.every(
      (entityKey) => firstOf(this.entities.get(entityKey)?.byClient.get(call.client)) === call,
    );
  }

  /** Gives the call a turn once it is the first of its client. */
  private assignTurn(call: QueuedCall): void {
    if (call.turn === undefined && this.isFirst(call)) call.turn = ++this.lastTurn;
  }

  private at(entityKey: string): EntityCalls {
    let entity = this.entities.get(entityKey);
    if (!entity) this.entities.set(entityKey, (entity = new EntityCalls()));
    return entity;
  }
}

/** Yields the calls before it: those in flight, earlier ones of its client, and the first of each other client if it can be sent. */
function* callsBefore(entity: EntityCalls, call: QueuedCall, filter: SendFilter): Generator<QueuedCall> {
  for (const other of entity.inFlight) if (other !== call && holds(other, call)) yield other;
  const turn = call.turn ?? Infinity;
  for (const [client, calls] of entity.byClient) {
    if (client === call.client) {
      for (const own of calls) {
        if (own === call) break;
        yield own;
      }
    } else {
      const other = firstOf(calls);
      if (other?.turn !== undefined && other.turn < turn && isFree(other, filter)) yield other;
    }
  }
}

/** Whether a call waits only for its turn. */
function isFree(call: QueuedCall, filter: SendFilter): boolean {
  return filter.call(call) && call.clients.some((client) => filter.client(client));
}

/** An abandoned call only holds calls of its own client. */
function holds({ isAbandoned, client }: QueuedCall, call: QueuedCall): boolean {
  return !isAbandoned || client === call.client;
}

/** Returns the first waiting call. */
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
