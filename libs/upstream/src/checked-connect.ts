import { hostNotAllowed } from '@b24/portal';
import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/**
 * May a connection be made to this address?
 * @param literal the URL's host, when it is itself an address; undefined when a name led to the address
 */
export type MayConnect = (address: string, literal?: string) => boolean;

/** Connections to addresses that may be connected to, and to no others: whatever a name means at that moment. */
export function checkedConnect(timeoutMs: number, mayConnect: MayConnect): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, lookup: checkedLookup(mayConnect) });
  return (target, callback) => {
    // No name is looked up for an address, so that it is asked about here.
    const address = target.hostname.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0 && !mayConnect(address, target.host ?? address)) callback(refusal(), null);
    else connect(target, callback);
  };
}

/**
 * DNS whose answers hold only addresses that may be connected to. The socket connects to what this gives it and asks
 * nobody again, so that no second answer can slip in between.
 */
export function checkedLookup(mayConnect: MayConnect, resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const [first, ...others] = error ? [] : found.filter(({ address }) => mayConnect(address));
      if (error) callback(error, []);
      else if (!first) callback(refusal(), []);
      else if (options.all) callback(null, [first, ...others]);
      else callback(null, first.address, first.family);
    });
  };
}

function refusal(): NodeJS.ErrnoException {
  return Object.assign(new Error('The address may not be connected to.'), { code: hostNotAllowed });
}
