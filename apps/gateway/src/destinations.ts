import type { EndpointRules } from '@b24/grants';
import { type ConnectTarget, isPublicAddress } from '@b24/upstream';

/** The hosts to which this gateway may connect: allowed portals and configured authorization servers. */
export class Destinations {
  private readonly servers: ReadonlySet<string>;

  constructor(
    private readonly rules: EndpointRules,
    servers: readonly string[],
  ) {
    this.servers = new Set(servers.map((it) => new URL(it).origin));
  }

  /** By name, before anything is looked up. */
  mayAsk({ protocol, origin, host }: URL): boolean {
    if (this.servers.has(origin)) return true;
    return (protocol === 'https:' || this.rules.allowHttp) && this.rules.hosts.allows(host, protocol);
  }

  /**
   * By address, at the moment of connecting. One that is not public must have been written down by the operator: in a
   * CIDR that allows the port, or as the very address of a portal or an authorization server. A name is not enough, since others may decide
   * what it means.
   */
  mayConnect(address: string, { protocol, port, literal }: ConnectTarget): boolean {
    if (isPublicAddress(address) || this.rules.hosts.allowsAddress(address, port)) return true;
    if (literal === undefined) return false;
    return this.rules.hosts.allows(literal, protocol) || [...this.servers].some((it) => new URL(it).host === literal);
  }
}
