import { BlockList, isIP } from 'node:net';

/**
 * Which hosts may be portals. A pattern is an exact name, `*.` and a domain, either with `:port`, or a CIDR of
 * addresses. A pattern without a port allows the scheme's own port only; a CIDR allows every port.
 */
export class PortalHosts {
  private readonly names = new Set<string>();
  private readonly suffixes: string[] = [];
  private readonly addresses = new BlockList();

  constructor(patterns: readonly string[]) {
    for (const pattern of patterns.map((it) => it.trim().toLowerCase())) this.allow(pattern);
  }

  /** @param host as in a URL: a name or address, with its port unless it is the scheme's own */
  allows(host: string): boolean {
    const lower = host.toLowerCase();
    if (this.names.has(lower)) return true;
    if (this.suffixes.some((suffix) => lower.endsWith(suffix) && isLabel(lower.slice(0, -suffix.length)))) return true;
    return this.holds(lower.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  }

  /** Is the host itself written down, not merely covered by a pattern or a CIDR? */
  lists(host: string): boolean {
    return this.names.has(host.toLowerCase());
  }

  /** Is the address in one of the CIDRs? */
  holds(address: string): boolean {
    const family = address.includes('%') ? 0 : isIP(address);
    return family !== 0 && this.addresses.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }

  private allow(pattern: string): void {
    const cidr = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(pattern);
    if (cidr?.[1] && isIP(cidr[1])) {
      this.addresses.addSubnet(cidr[1], Number(cidr[2]), isIP(cidr[1]) === 6 ? 'ipv6' : 'ipv4');
    } else if (pattern.startsWith('*.')) {
      this.suffixes.push(pattern.slice(1));
    } else {
      this.names.add(pattern);
    }
  }
}

function isLabel(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);
}
