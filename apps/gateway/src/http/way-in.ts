import { Fault } from '@b24/portal';
import type { FastifyReply } from 'fastify';
import type { GatewayRequest } from './caller';
import { type DoorParts, doorOf } from './door';
import { FairShare } from './fair-share';
import { whenOver } from './pipelined';
import { sourceOf } from './source';

export interface WayInParts extends DoorParts {
  /** Whether the store may be worked with. */
  readonly storeIsReady: () => boolean;
}

/**
 * The one way in: decides by the matched route, before anything of a body is read, whether a request may come in and
 * whose it is. A request holds a place of its address until its key is known, and from then on a place of its client.
 */
export class WayIn {
  private readonly addresses: FairShare;
  private readonly clients: FairShare;

  constructor(private readonly parts: WayInParts) {
    const { inAll, perAddress, perClient } = parts.settings.requests;
    this.addresses = new FairShare({ places: inAll, perName: perAddress });
    this.clients = new FairShare({ places: inAll, perName: perClient });
  }

  /** Sets `request.client` where the route asks for a key. @throws Fault for a request that may not come in */
  async admit(request: GatewayRequest, reply: FastifyReply): Promise<void> {
    const door = doorOf(request);
    if (request.is404 || !door) throw new Fault('route_not_found');
    if (door.needsStore && !this.parts.storeIsReady()) throw new Fault('store_unavailable');
    if (door.unbounded) return;
    const place = new Place(reply);
    place.become(this.addresses.enter(sourceOf(request)));
    const client = await door.admit?.(request, this.parts);
    if (!client) return;
    place.become(this.clients.enter(client.id));
    request.client = client;
  }
}

/** What a request holds until it is answered or its caller hangs up. */
class Place {
  private leave: () => void = () => undefined;
  private isOver = false;

  constructor(reply: FastifyReply) {
    whenOver(reply.raw, () => {
      this.isOver = true;
      this.leave();
    });
  }

  /** Takes another place in exchange for the one that is held. @throws Fault too_many_requests */
  become(leave: (() => void) | undefined): void {
    this.leave();
    if (!leave) throw new Fault('too_many_requests', { retryAfterMs: 1000 });
    this.leave = leave;
    if (this.isOver) leave();
  }
}
