import type { Clock } from '@b24/portal';
import { judgeSkew } from './clock-skew';
import { type DoctorFinding, ok, problem, skipped, warning } from './finding';
import type { EgressProbe } from './egress-probe';

/** Its Date is in whole seconds, and may have been made by a front end with a clock of its own. */
const skewToleranceMs = 10_000;

/** Are the authorization servers there, and does their clock go with ours? Nothing is sent to them but a bare question. */
export async function checkServers(
  servers: readonly string[] | undefined,
  probe: EgressProbe,
  clock: Clock,
): Promise<DoctorFinding[]> {
  if (!servers) return [skipped('authorization_server', 'Not asked, since the settings, which name it, are wrong.')];
  const found = await Promise.all(servers.map((server, i) => checkServer({ server, usual: i === 0, probe, clock })));
  return found.flat();
}

interface ServerCheck {
  readonly server: string;
  /** Asked unless a portal names another. */
  readonly usual: boolean;
  readonly probe: EgressProbe;
  readonly clock: Clock;
}

async function checkServer({ server, usual, probe, clock }: ServerCheck): Promise<DoctorFinding[]> {
  const unhealthy = usual ? problem : warning;
  const needed = usual ? 'Tokens can’t be refreshed' : 'Portals that name this server can’t be refreshed';
  const requestedAtMs = clock.now();
  try {
    const { status, date } = await probe.reach(`${server}/oauth/token/`);
    if (status >= 500)
      return [
        unhealthy(
          'authorization_server',
          `${server} answers ${status}. ${needed} until it is well: look at the vendor's status page.`,
        ),
      ];
    const theirsMs = Date.parse(date ?? '');
    const reading = { theirsMs, requestedAtMs, answeredAtMs: clock.now(), stepMs: 1000 };
    return [
      ok('authorization_server', `${server} answers${probe.description(server)}.`),
      ...(Number.isNaN(theirsMs) ? [] : [judgeSkew('server_clock', server, reading, skewToleranceMs)]),
    ];
  } catch (error) {
    const { reason, advice } = probe.failure(server, error);
    return [
      unhealthy(
        'authorization_server',
        `${server} can't be reached (${reason}). ${needed}, and portals fall silent within the hour: ${advice ?? 'look at the way out (DNS, proxy, firewall) and at B24_OAUTH_SERVER'}.`,
      ),
    ];
  }
}
