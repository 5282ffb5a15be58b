import { BlockList, isIP } from 'node:net';

/** The port of a URL that names none. */
const schemePorts: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };
const cidrPattern = /^([0-9a-f.:]+)\/(\d{1,3})(?::(\d{1,5}|\*))?$/;
const hostPattern = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;

interface AddressRange {
  readonly addresses: BlockList;
  /** Absent when the range names none: then the scheme's own. */
  readonly port?: number | '*';
}

/**
 * Which hosts may be portals. A pattern is an exact name, `*.` and a domain, or a CIDR of addresses, each with or without a
 * `:port`. Without one, only the scheme's own port is allowed; a CIDR may end in `:*` to allow every port.
 */
export class PortalHosts {
  private readonly names = new Set<string>();
  private readonly suffixes: string[] = [];
  private readonly ranges: AddressRange[] = [];

  /** @throws Error for a CIDR or a port that does not exist */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns.map((it) => it.trim().toLowerCase())) this.allow(pattern);
  }

  /**
   * @param host as in a URL: a name or address, with its port unless it is the scheme's own
   * @param protocol of the URL, where it is known: then a pattern may also write down the scheme's own port
   */
  allows(host: string, protocol?: string): boolean {
    const [, name = '', port] = hostPattern.exec(host.toLowerCase()) ?? [];
    if (name === '') return false;
    const schemePort = schemePorts[protocol ?? ''];
    const explicit = port === undefined && schemePort !== undefined ? [`${name}:${schemePort}`] : [];
    if ([host.toLowerCase(), ...explicit].some((it) => this.hasName(it))) return true;
    const address = name.replace(/^\[|\]$/g, '');
    return this.inRange(address, port === undefined ? { schemePort } : { port: Number(port) });
  }

  /** Is the host itself written down, not merely covered by a pattern or a CIDR? */
  namesExactly(host: string): boolean {
    return this.names.has(host.toLowerCase());
  }

  /** Is the address in a CIDR that allows a connection to this port? */
  allowsAddress(address: string, port: number): boolean {
    const isSchemePort = Object.values(schemePorts).includes(port);
    return this.inRange(address, isSchemePort ? { schemePort: port } : { port });
  }

  private hasName(host: string): boolean {
    if (this.names.has(host)) return true;
    return this.suffixes.some((suffix) => host.endsWith(suffix) && isLabel(host.slice(0, -suffix.length)));
  }

  private inRange(address: string, asked: { port?: number; schemePort?: number | undefined }): boolean {
    const family = address.includes('%') ? 0 : isIP(address);
    if (family === 0) return false;
    const allowsPort = ({ port }: AddressRange) => {
      if (port === '*') return true;
      return port === undefined ? asked.port === undefined : port === (asked.port ?? asked.schemePort);
    };
    return this.ranges.some((it) => allowsPort(it) && it.addresses.check(address, family === 6 ? 'ipv6' : 'ipv4'));
  }

  private allow(pattern: string): void {
    const [, net = '', prefix, port] = cidrPattern.exec(pattern) ?? [];
    const family = isIP(net);
    if (family !== 0) {
      const addresses = new BlockList();
      addresses.addSubnet(net, Number(prefix), family === 6 ? 'ipv6' : 'ipv4');
      this.ranges.push({ addresses, ...(port !== undefined && { port: port === '*' ? port : portNumber(port) }) });
    } else if (pattern.startsWith('*.')) {
      this.suffixes.push(pattern.slice(1));
    } else {
      this.names.add(pattern);
    }
  }
}

function portNumber(text: string): number {
  const port = Number(text);
  if (port < 1 || port > 65_535) throw new Error(`There is no port ${text}.`);
  return port;
}

function isLabel(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(text);
}
