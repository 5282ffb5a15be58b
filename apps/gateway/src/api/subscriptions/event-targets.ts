import type { PortalHosts } from '@b24/grants';
import { Fault } from '@b24/portal';
import { type ConnectTarget, isPublicAddress } from '@b24/upstream';

/**
 * Where events may be sent: to the hosts of EVENT_TARGET_HOSTS and nowhere else. They are internal services, so that
 * the rules for portals don't fit; but a name alone allows no inner address here either, since others may decide what it
 * means: that is written down as a CIDR, or as the very address of a target.
 */
export class EventTargets {
  constructor(private readonly hosts: PortalHosts) {}

  /** @throws Fault target_not_allowed */
  assertAllowed(url: string): void {
    const { host, protocol } = new URL(url);
    if (this.hosts.allows(host, protocol)) return;
    const detail = `The host ${host} is not among EVENT_TARGET_HOSTS. Set it to your services' hosts, as \`hooks.corp.example:8080,10.20.0.0/16:8080\`: the names, and the addresses that they have inside your network, each with its port unless it is that of the scheme.`;
    throw new Fault('target_not_allowed', { detail });
  }

  /** By name, before anything is looked up. */
  mayAsk({ protocol, host }: URL): boolean {
    return /^https?:$/.test(protocol) && this.hosts.allows(host, protocol);
  }

  /** By address, at the moment of connecting. */
  mayConnect(address: string, { protocol, port, literal }: ConnectTarget): boolean {
    if (isPublicAddress(address) || this.hosts.allowsAddress(address, port)) return true;
    return literal !== undefined && this.hosts.allows(literal, protocol);
  }
}
