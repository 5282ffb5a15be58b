import type { PortalHosts } from '@b24/grants';
import { Fault } from '@b24/portal';
import { type ConnectTarget, isPublicAddress } from '@b24/upstream';

/**
 * The allowed targets of events: the hosts of EVENT_TARGET_HOSTS. A host name alone does not allow a private address,
 * because its DNS may be controlled by others; private addresses need a CIDR or the literal address.
 */
export class EventTargets {
  constructor(private readonly hosts: PortalHosts) {}

  /** Checks a target URL. @throws Fault target_not_allowed */
  assertAllowed(url: string): void {
    const { host, protocol } = new URL(url);
    if (this.hosts.allows(host, protocol)) return;
    const detail = `The host ${host} is not among EVENT_TARGET_HOSTS. Set it to your services' hosts, as \`hooks.corp.example:8080,10.20.0.0/16:8080\`: the names, and the addresses that they have inside your network, each with its port unless it is that of the scheme.`;
    throw new Fault('target_not_allowed', { detail });
  }

  /** Checks the host name, before any DNS lookup. */
  mayAsk({ protocol, host }: URL): boolean {
    return /^https?:$/.test(protocol) && this.hosts.allows(host, protocol);
  }

  /** Checks the address when connecting. */
  mayConnect(address: string, { protocol, port, literal }: ConnectTarget): boolean {
    if (isPublicAddress(address) || this.hosts.allowsAddress(address, port)) return true;
    return literal !== undefined && this.hosts.allows(literal, protocol);
  }
}
