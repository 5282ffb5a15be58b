import { hostNotAllowed } from '@b24/portal';
import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/** The parts of a URL that decide whether a connection to an address is allowed. */
export interface ConnectTarget {
  readonly protocol: string;
  readonly port: number;
  /** The URL's host when it is an address; absent when a name resolved to the address. */
  readonly literal?: string;
}

/** Returns whether a connection to this address is allowed. */
export type AddressFilter = (address: string, target: ConnectTarget) => boolean;

/** Returns a connector that connects only to allowed addresses, whatever a name resolves to at that moment. */
export function checkedConnect(timeoutMs: number, mayConnect: AddressFilter): buildConnector.connector {
  const connectorTo = (target: ConnectTarget) =>
    buildConnector({ timeout: timeoutMs, lookup: checkedLookup((address) => mayConnect(address, target)) });
  // Resumes TLS sessions on the default port; on other ports, which few targets use, each connection is new.
  const usual = connectorTo({ protocol: 'https:', port: 443 });
  return (given, callback) => {
    const port = Number(given.port || (given.protocol === 'https:' ? 443 : 80));
    const target = { protocol: given.protocol, port };
    // An address needs no lookup, so it is checked here.
    const address = given.hostname.replace(/^\[|\]$/g, '');
    const literal = given.host ?? given.hostname;
    if (isIP(address) !== 0 && !mayConnect(address, { ...target, literal })) callback(addressNotAllowed(), null);
    else (port === 443 && given.protocol === 'https:' ? usual : connectorTo(target))(given, callback);
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
