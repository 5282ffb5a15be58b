import { egressTarget } from '@b24/upstream';
import type { Settings } from '../../../gateway/src/settings';
import type { Portal } from '../api-types';
import type { GatewayApi } from '../gateway-api';
import { CommandFailure } from '../command-failure';
import { type DoctorFinding, ok, problem } from './finding';
import type { EgressProbe } from './egress-probe';

/** A sample is enough to see whether the proxy and the certificates are right. */
const maxPortals = 10;

type EgressPart = Pick<Settings, 'egress' | 'rules'>;

/**
 * Checks whether portals are reached, where a proxy or CA files are set: those with a CA file of their own, and some of
 * the gateway's.
 * @param api absent while no gateway answers
 */
export async function checkPortalServers(
  settings: EgressPart,
  probe: EgressProbe,
  api: GatewayApi | undefined,
): Promise<DoctorFinding[]> {
  const { httpsProxy, httpProxy, caFiles = [], caFileByHost } = settings.egress;
  if (!httpsProxy && !httpProxy && caFiles.length === 0 && !caFileByHost) return [];
  const own = [...(caFileByHost?.keys() ?? [])].map((host) => new URL(`https://${bracketed(host)}`).origin);
  const known = api ? (await portalsOf(api)).map(({ domain }) => originOf(domain, settings)) : [];
  const origins = new Set([...own, ...known.slice(0, maxPortals)]);
  return Promise.all([...origins].map((origin) => checkPortalServer(origin, probe)));
}

async function checkPortalServer(origin: string, probe: EgressProbe): Promise<DoctorFinding> {
  try {
    await probe.reach(`${origin}/`);
    return ok('portal_server', `${origin} answers${probe.description(origin)}.`);
  } catch (error) {
    const { reason, advice = 'look at DNS and the firewall' } = probe.failure(origin, error);
    return problem('portal_server', `${origin} can't be reached (${reason}): ${advice}.`);
  }
}

/** Returns none where the key may not list them, which `checkPortals` reports. */
async function portalsOf(api: GatewayApi): Promise<Portal[]> {
  if (!api.hasKey) return [];
  try {
    return await api.all<Portal>('/v1/portals');
  } catch (error) {
    if (error instanceof CommandFailure) return [];
    throw error;
  }
}

/** Returns a portal's URL. A record does not show the scheme: where http is allowed, only a portal with a CA file is https. */
function originOf(domain: string, { egress, rules }: EgressPart): string {
  const secure = new URL(`https://${domain}`);
  const { hostname, port } = egressTarget(secure);
  const hasCaFile = egress.caFileByHost?.has(`${hostname}:${port}`);
  return rules.allowHttp && !hasCaFile ? new URL(`http://${domain}`).origin : secure.origin;
}

/** @param host `host:port`, an IPv6 address without its brackets */
function bracketed(host: string): string {
  const at = host.lastIndexOf(':');
  return host.indexOf(':') === at ? host : `[${host.slice(0, at)}]${host.slice(at)}`;
}
