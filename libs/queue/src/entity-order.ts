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

  static of(...calls: readonly QueuedCall[]): EntityCalls {
    const entity = new EntityCalls();
    for (const call of calls) {
      entity.add(call);
      if (call.sentAtMs !== undefined) entity.inFlight.add(call);
    }
    return entity;
  }

  add(call: QueuedCall): void {
    if (call.isWrite) this.writes++;
    const own = this.byClient.get(call.client) ?? new Set();
    this.byClient.set(call.client, own.add(call));
  }

  /** Returns true if it was the last one. */
  remove(call: QueuedCall): boolean {
    const own = this.byClient.get(call.client);
    if (!own?.delete(call)) return false;
    if (call.isWrite) this.writes--;
    this.inFlight.delete(call);
    if (own.size === 0) this.byClient.delete(call.client);
    return this.byClient.size === 0;
  }
}

/**
 * The order of calls on entities, where at least one of them writes. Calls of one client keep their order. Clients take
 * turns: a call waits for calls in flight that are not abandoned, and for at most one of every other client, so that no
 * client occupies an entity by queueing many calls for it.
 */
export class EntityOrder {
  /** Most entities have one call, which stands for itself. */
  private readonly entities = new Map<string, QueuedCall | EntityCalls>();
  private lastTurn = 0;

  add(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) {
      const before = this.entities.get(entityKey);
      if (before === undefined) this.entities.set(entityKey, call);
      else if (before instanceof EntityCalls) before.add(call);
      else this.entities.set(entityKey, EntityCalls.of(before, call));
    }
    this.assignTurn(call);
  }

  /** Makes calls of all clients on the same entities wait for this one, until it is answered or abandoned. */
  markInFlight(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) this.sharedAt(entityKey)?.inFlight.add(call);
  }

  requeue(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) this.sharedAt(entityKey)?.inFlight.delete(call);
  }

  remove(call: QueuedCall): void {
    for (const entityKey of call.entityKeys) {
      const entity = this.entities.get(entityKey);
      if (entity === call) this.entities.delete(entityKey);
      else if (entity instanceof EntityCalls && entity.remove(call)) this.entities.delete(entityKey);
    }
  }

  /** Whether no other call on the same entities must be sent before. */
  isItsTurn(call: QueuedCall, filter: SendFilter): boolean {
    this.assignTurn(call);
    for (const entityKey of call.entityKeys) {
      const entity = this.sharedAt(entityKey);
      if (!entity || (entity.writes === 0 && !call.isWrite)) continue;
      for (const earlier of callsBefore(entity, call, filter)) if (mustKeepOrder(earlier, call)) return false;
    }
    return true;
  }

  /** Whether no earlier call of the same client waits on its entities. */
  isFirst(call: QueuedCall): boolean {
    return call.entityKeys.every((entityKey) => {
      const entity = this.entities.get(entityKey);
      if (!(entity instanceof EntityCalls)) return entity === call && call.sentAtMs === undefined;
      return firstOf(entity.byClient.get(call.client)) === call;
    });
  }

  /** Gives the call a turn once it is the first of its client. */
  private assignTurn(call: QueuedCall): void {
    if (call.turn === undefined && this.isFirst(call)) call.turn = ++this.lastTurn;
  }

  /** Returns the calls of an entity that had several at once. */
  private sharedAt(entityKey: string): EntityCalls | undefined {
    const entity = this.entities.get(entityKey);
    return entity instanceof EntityCalls ? entity : undefined;
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
