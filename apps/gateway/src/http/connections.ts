import type { Server } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { Fault } from '@b24/portal';
import type { Settings } from '../settings';
import { FairShare } from './fair-share';
import { isReplayed } from './raw-urls';
import { sendProblemOn } from './render-problem';
import { sourceOf } from './source-address';

/**
 * Limits open connections in total and per address. Connections of trusted proxies carry the requests of many callers and
 * count in the total only. A connection above the limit of its address is closed with a problem, one above the total
 * without a response.
 */
export function boundConnections(
  server: Server,
  { connections: { inAll, perAddress }, trustedProxies }: Pick<Settings, 'connections' | 'trustedProxies'>,
): void {
  const share = new FairShare({ maxSlots: inAll, maxSlotsPerName: perAddress });
  const isTrusted = trusting(trustedProxies);
  server.maxConnections = inAll;
  server.on('connection', (socket: Socket) => {
    // It was counted when it was opened.
    if (isReplayed(socket)) return;
    const address = socket.remoteAddress ?? '';
    if (isTrusted(address)) return;
    const leave = share.enter(sourceOf({ ip: address }));
    if (leave) socket.once('close', leave);
    else sendProblemOn(socket, new Fault('too_many_requests', { retryAfterMs: 1000 }));
  });
}

function trusting(proxies: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}
