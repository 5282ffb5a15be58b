import type { Client } from '@b24/access';
import { Fault } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import { type DoorDependencies, doorOf } from './door';
import { FairShare } from './fair-share';
import { sourceOf } from './source-address';

export interface RequestAdmissionOptions extends DoorDependencies {
  /** Whether the data in the store is checked. */
  readonly storeIsReady: () => boolean;
}

/**
 * Admits requests by the door of their route, before the body is read, and authenticates them. A request holds a slot of
 * its address until its key is known, then a slot of its client, until it is answered or its caller hangs up.
 */
export class RequestAdmission {
  private readonly addresses: FairShare;
  private readonly clients: FairShare;

  constructor(private readonly parts: RequestAdmissionOptions) {
    const { inAll, perAddress, perClient } = parts.settings.requests;
    this.addresses = new FairShare({ maxSlots: inAll, maxSlotsPerName: perAddress });
    this.clients = new FairShare({ maxSlots: inAll, maxSlotsPerName: perClient });
  }

  /**
   * Sets `request.scope.client` if the route requires a key. Returns a promise only if the key is not known.
   * @throws Fault for a request that is not admitted, at once or by the promise
   */
  admit(request: FastifyRequest): Promise<void> | undefined {
    const door = doorOf(request);
    if (request.is404 || !door) throw new Fault('route_not_found');
    if (door.needsStore && !this.parts.storeIsReady()) throw new Fault('store_unavailable');
    if (door.unbounded) return undefined;
    hold(request, this.addresses.enter(sourceOf(request)));
    const admitted = door.admit?.(request, this.parts);
    if (admitted instanceof Promise) {
      return admitted.then((client) => {
        this.admitted(request, client);
      });
    }
    this.admitted(request, admitted);
    return undefined;
  }

  private admitted(request: FastifyRequest, client: Client | undefined): void {
    if (!client) return;
    hold(request, this.clients.enter(client.id));
    request.scope.client = client;
  }
}

/** Replaces the slot that a request holds by another one. @throws Fault too_many_requests */
function hold({ scope }: FastifyRequest, leave: (() => void) | undefined): void {
  scope.leaveSlot?.();
  scope.leaveSlot = leave;
  if (!leave) throw new Fault('too_many_requests', { retryAfterMs: 1000 });
  if (scope.isClosed) leave();
}
