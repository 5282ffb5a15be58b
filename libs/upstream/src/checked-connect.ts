import { hostNotAllowed } from '@b24/portal';
import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/** What of a URL decides whether a connection may be made to an address. */
export interface ConnectTarget {
  readonly protocol: string;
  readonly port: number;
  /** The URL's host, when it is itself an address; absent when a name led to the address. */
  readonly literal?: string;
}

/** May a connection be made to this address? */
export type AddressFilter = (address: string, target: ConnectTarget) => boolean;

/** Connections to addresses that may be connected to, and to no others: whatever a name means at that moment. */
export function checkedConnect(timeoutMs: number, mayConnect: AddressFilter): buildConnector.connector {
  const connectorTo = (target: ConnectTarget) =>
    buildConnector({ timeout: timeoutMs, lookup: checkedLookup((address) => mayConnect(address, target)) });
  // Its TLS sessions are resumed; on other ports, which few targets have, each connection is a new one.
  const usual = connectorTo({ protocol: 'https:', port: 443 });
  return (given, callback) => {
    const port = Number(given.port || (given.protocol === 'https:' ? 443 : 80));
    const target = { protocol: given.protocol, port };
    // No name is looked up for an address, so that it is asked about here.
    const address = given.hostname.replace(/^\[|\]$/g, '');
    const literal = given.host ?? given.hostname;
    if (isIP(address) !== 0 && !mayConnect(address, { ...target, literal })) callback(addressNotAllowed(), null);
    else (port === 443 && given.protocol === 'https:' ? usual : connectorTo(target))(given, callback);
  };
}

/**
 * DNS whose answers hold only addresses that may be connected to. The socket connects to what this gives it and asks
 * nobody again, so that no second answer can slip in between.
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
  return Object.assign(new Error('The address may not be connected to.'), { code: hostNotAllowed });
}
