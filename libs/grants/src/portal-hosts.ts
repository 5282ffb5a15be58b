import { BlockList, isIP } from 'node:net';

/** The default port by scheme. */
const schemePorts: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };
const cidrPattern = /^([0-9a-f.:]+)\/(\d{1,3})(?::(\d{1,5}|\*))?$/;
const hostPattern = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;

interface AddressRange {
  readonly addresses: BlockList;
  /** Absent: the scheme's default port. */
  readonly port?: number | '*';
}

/**
 * The hosts that may be portals. A pattern is an exact name, `*.` and a domain, or a CIDR range, each with an optional
 * `:port`. Without a port, only the scheme's default port is allowed; a CIDR range may end in `:*` to allow every port.
 */
export class PortalHosts {
  private readonly names = new Set<string>();
  private readonly suffixes: string[] = [];
  private readonly ranges: AddressRange[] = [];

  /** @throws Error for an invalid CIDR range or port */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns.map((it) => it.trim().toLowerCase())) this.allow(pattern);
  }

  /**
   * Returns whether the host may be a portal.
   * @param host name or address, with its port unless that is the scheme's default
   * @param protocol protocol of the URL, if known: then a pattern may also name the default port
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

  /** Returns whether a pattern names exactly this host, not only a wildcard or CIDR range. */
  namesExactly(host: string): boolean {
    return this.names.has(host.toLowerCase());
  }

  /** Returns whether a CIDR range allows connections to this address and port. */
  allowsAddress(address: string, port: number): boolean {
    const isSchemePort = Object.values(schemePorts).includes(port);
    return this.inRange(address, isSchemePort ? { schemePort: port } : { port });
  }

  private hasName(host: string): boolean {
    if (this.names.has(host)) return true;
    return this.suffixes.some((suffix) => host.endsWith(suffix) && isLabel(host.slice(0, -suffix.length)));
  }

  private inRange(address: string, wanted: { port?: number; schemePort?: number | undefined }): boolean {
    const family = address.includes('%') ? 0 : isIP(address);
    if (family === 0) return false;
    const allowsPort = ({ port }: AddressRange) => {
      if (port === '*') return true;
      return port === undefined ? wanted.port === undefined : port === (wanted.port ?? wanted.schemePort);
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
