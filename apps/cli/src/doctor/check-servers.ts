import type { Clock } from '@b24/portal';
import { reasonOf } from '../gateway-api';
import { judgeSkew } from './clock-skew';
import { type DoctorFinding, ok, problem, skipped, warning } from './finding';

const patienceMs = 10_000;
/** Its Date is in whole seconds, and may have been made by a front end with a clock of its own. */
const skewToleranceMs = 10_000;

/** Are the authorization servers there, and does their clock go with ours? Nothing is sent to them but a bare question. */
export async function checkServers(servers: readonly string[] | undefined, clock: Clock): Promise<DoctorFinding[]> {
  if (!servers) return [skipped('authorization_server', 'Not asked, since the settings, which name it, are wrong.')];
  const found = await Promise.all(servers.map((server, i) => checkServer(server, i === 0, clock)));
  return found.flat();
}

/** @param usual the one that is asked unless a portal names another */
async function checkServer(server: string, usual: boolean, clock: Clock): Promise<DoctorFinding[]> {
  const unhealthy = usual ? problem : warning;
  const needed = usual ? 'Tokens can’t be refreshed' : 'Portals that name this server can’t be refreshed';
  const requestedAtMs = clock.now();
  try {
    const url = `${server}/oauth/token/`;
    const { status, headers } = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) });
    if (status >= 500)
      return [
        unhealthy(
          'authorization_server',
          `${server} answers ${status}. ${needed} until it is well: look at the vendor's status page.`,
        ),
      ];
    const theirsMs = Date.parse(headers.get('date') ?? '');
    const reading = { theirsMs, requestedAtMs, answeredAtMs: clock.now(), stepMs: 1000 };
    return [
      ok('authorization_server', `${server} answers.`),
      ...(Number.isNaN(theirsMs) ? [] : [judgeSkew('server_clock', server, reading, skewToleranceMs)]),
    ];
  } catch (error) {
    return [
      unhealthy(
        'authorization_server',
        `${server} can't be reached (${reasonOf(error)}). ${needed}, and portals fall silent within the hour: look at the way out (DNS, proxy, firewall) and at B24_OAUTH_SERVER.`,
      ),
    ];
  }
}
