import { Fault } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type DoorDependencies, doorOf } from './door';
import { FairShare } from './fair-share';
import { onResponseClosed } from './pipelined';
import { sourceOf } from './source-address';

export interface RequestAdmissionOptions extends DoorDependencies {
  /** Whether the data in the store is checked. */
  readonly storeIsReady: () => boolean;
}

/**
 * Admits requests by the door of their route, before the body is read, and authenticates them. A request holds a slot of
 * its address until its key is known, then a slot of its client.
 */
export class RequestAdmission {
  private readonly addresses: FairShare;
  private readonly clients: FairShare;

  constructor(private readonly parts: RequestAdmissionOptions) {
    const { inAll, perAddress, perClient } = parts.settings.requests;
    this.addresses = new FairShare({ maxSlots: inAll, maxSlotsPerName: perAddress });
    this.clients = new FairShare({ maxSlots: inAll, maxSlotsPerName: perClient });
  }

  /** Sets `request.scope.client` if the route requires a key. @throws Fault for a request that is not admitted */
  async admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const door = doorOf(request);
    if (request.is404 || !door) throw new Fault('route_not_found');
    if (door.needsStore && !this.parts.storeIsReady()) throw new Fault('store_unavailable');
    if (door.unbounded) return;
    const place = new AdmissionSlot(reply);
    place.become(this.addresses.enter(sourceOf(request)));
    const client = await door.admit?.(request, this.parts);
    if (!client) return;
    place.become(this.clients.enter(client.id));
    request.scope.client = client;
  }
}

/** The slot that a request holds until it is answered or its caller hangs up. */
class AdmissionSlot {
  private leave: () => void = () => undefined;
  private isOver = false;

  constructor(reply: FastifyReply) {
    onResponseClosed(reply.raw, () => {
      this.isOver = true;
      this.leave();
    });
  }

  /** Replaces the held slot by another one. @throws Fault too_many_requests */
  become(leave: (() => void) | undefined): void {
    this.leave();
    if (!leave) throw new Fault('too_many_requests', { retryAfterMs: 1000 });
    this.leave = leave;
    if (this.isOver) leave();
  }
}
