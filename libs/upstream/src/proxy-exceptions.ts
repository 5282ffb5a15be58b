import { BlockList, isIP } from 'node:net';

type HostFilter = (hostname: string) => boolean;
type ExceptionFilter = (hostname: string, port: number) => boolean;

const separators = /[,\s]/;
const withPort = /^([^:[\]]+|\[[0-9a-f:.]+\]):(\d{1,5})$/;

/**
 * The targets of NO_PROXY, which are connected to directly. Entries are separated by commas or spaces: a name, which includes
 * its subdomains, with or without a leading `.` or `*.`; an address; each with an optional `:port`; a CIDR; or `*` for all.
 * Addresses and CIDRs match a URL that holds an address, because names are not resolved here.
 */
export class ProxyExceptions {
  private readonly filters: readonly ExceptionFilter[];

  /** @throws Error for an invalid CIDR */
  constructor(text: string) {
    const entries = text.toLowerCase().split(separators).filter(Boolean);
    this.filters = entries.map(filterOf);
  }

  /** @param hostname without the brackets of an IPv6 address */
  includes(hostname: string, port: number): boolean {
    return this.filters.some((matches) => matches(hostname.toLowerCase(), port));
  }
}

function filterOf(entry: string): ExceptionFilter {
  if (entry === '*') return () => true;
  if (entry.includes('/')) return inNetwork(entry);
  const [, name = entry, port] = isIP(entry) === 0 ? (withPort.exec(entry) ?? []) : [];
  const matches = hostFilterOf(name.replace(/^\[|\]$/g, ''));
  return (hostname, targetPort) => (port === undefined || Number(port) === targetPort) && matches(hostname);
}

function hostFilterOf(name: string): HostFilter {
  if (isIP(name) !== 0) return inNetwork(`${name}/${isIP(name) === 6 ? 128 : 32}`);
  const domain = name.replace(/^\*?\./, '');
  return (hostname) => hostname === domain || hostname.endsWith(`.${domain}`);
}

/** @throws Error for an invalid CIDR */
function inNetwork(cidr: string): HostFilter {
  const [net = '', prefix = ''] = cidr.split('/');
  const list = new BlockList();
  if (!/^\d{1,3}$/.test(prefix)) throw new Error('not a CIDR');
  list.addSubnet(net, Number(prefix), familyOf(net));
  return (hostname) => isIP(hostname) !== 0 && list.check(hostname, familyOf(hostname));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
