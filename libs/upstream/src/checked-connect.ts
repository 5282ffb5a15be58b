import { hostNotAllowed } from '@b24/portal';
import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { Egress, egressTarget, type EgressTarget } from './egress';
import { storing, tlsOptions, TlsSessions } from './tls-sessions';
import { Tunnels } from './tunnels';

/** The parts of a URL that decide whether a connection to an address is allowed. */
export interface ConnectTarget {
  readonly protocol: string;
  readonly port: number;
  /** The URL's host when it is an address; absent when a name resolved to the address. */
  readonly literal?: string;
}

/** Returns whether a connection to this address is allowed. */
export type AddressFilter = (address: string, target: ConnectTarget) => boolean;

/**
 * Returns a connector that connects only to allowed addresses, whatever a name resolves to at that moment. Through a proxy,
 * which resolves names itself, only an address that the URL holds is checked.
 */
export function checkedConnect(
  timeoutMs: number,
  mayConnect: AddressFilter,
  egress = new Egress(),
): buildConnector.connector {
  const direct = directConnect(timeoutMs, mayConnect, egress);
  const tunnels = new Tunnels(timeoutMs, egress);
  return (given, callback) => {
    // An address needs no lookup, so it is checked here.
    const target = egressTarget(given);
    const { protocol, hostname, port } = target;
    const literal = given.host ?? given.hostname;
    const proxy = egress.proxyFor(target);
    if (isIP(hostname) !== 0 && !mayConnect(hostname, { protocol, port, literal })) callback(addressNotAllowed(), null);
    else if (proxy) tunnels.connect(proxy, target, given, callback);
    else direct(target, given, callback);
  };
}

function directConnect(timeoutMs: number, mayConnect: AddressFilter, egress: Egress) {
  const sessions = new TlsSessions();
  return (target: EgressTarget, given: buildConnector.Options, callback: buildConnector.Callback) => {
    const { protocol, port } = target;
    const tls = protocol === 'https:' ? tlsOptions(target, egress, sessions) : {};
    const lookup = checkedLookup((address) => mayConnect(address, { protocol, port }));
    buildConnector({ timeout: timeoutMs, lookup, ...tls })(given, storing(target, sessions, callback));
  };
}

/**
 * Returns a DNS lookup whose answers hold only allowed addresses. The socket connects to this answer without a second
 * lookup, so the name cannot change in between.
 */
export function checkedLookup(
  mayConnect: (address: string) => boolean,
  resolve: typeof lookup = lookup,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const [first, ...others] = error ? [] : found.filter(({ address }) => mayConnect(address));
      if (error) callback(error, []);
      else if (!first) callback(addressNotAllowed(), []);
      else if (options.all) callback(null, [first, ...others]);
      else callback(null, first.address, first.family);
    });
  };
}

function addressNotAllowed(): NodeJS.ErrnoException {
  return Object.assign(new Error('Connections to this address are not allowed.'), { code: hostNotAllowed });
}
