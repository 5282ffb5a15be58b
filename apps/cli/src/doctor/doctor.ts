import { type Clock, systemClock } from '@b24/portal';
import type { CommandContext } from '../command-context';
import type { GatewayApi } from '../gateway-api';
import type { Style } from '../output';
import { plain } from '../output';
import type { Environment } from '../target';
import { checkGateway, checkPortals, checkPublicUrl } from './check-gateway';
import { checkCaFiles } from './check-ca-files';
import { checkPortalServers } from './check-portal-servers';
import { checkRedis } from './check-redis';
import { checkServers } from './check-servers';
import { checkSettings } from './check-settings';
import { type DoctorFinding, skipped } from './finding';
import { isElsewhere } from './is-elsewhere';
import { EgressProbe } from './egress-probe';

export interface Diagnosis {
  readonly healthy: boolean;
  readonly checks: readonly DoctorFinding[];
}

/**
 * Looks at everything that a gateway here stands on, whatever is wrong with the rest. Resolves to whether it is well.
 * @param named the URL of the gateway, if the caller named it
 */
export async function examine(
  { api, paper }: CommandContext,
  given: Environment,
  named: string | undefined,
  clock: Clock = systemClock,
): Promise<boolean> {
  const checks = isElsewhere(named, given) ? await checkRemote(api) : await checkHere(api, given, clock);
  const healthy = checks.every(({ state }) => state !== 'problem');
  paper.print<Diagnosis>({ healthy, checks }, report);
  return healthy;
}

/** What can be seen of a gateway from another machine. */
async function checkRemote(api: GatewayApi): Promise<DoctorFinding[]> {
  const gateway = await checkGateway(api.url);
  const portals = await checkPortals(api, gateway[0]?.state === 'ok');
  const here = `of the gateway at ${api.url} are not set here`;
  return withoutRepeats([
    skipped('settings', `The settings ${here}. Run the doctor where that gateway runs to look at them.`),
    skipped('redis', 'Not asked: only the gateway’s own machine knows REDIS_URL.'),
    skipped('authorization_server', 'Not asked: the way out of the network is that of the gateway’s own machine.'),
    ...[...gateway, ...portals],
  ]);
}

async function checkHere(api: GatewayApi, given: Environment, clock: Clock): Promise<DoctorFinding[]> {
  const { findings, env, settings } = checkSettings(given);
  const probe = new EgressProbe(settings?.egress ?? {});
  const caFiles = checkCaFiles(settings?.egress ?? {}, clock);
  const [redis, servers, gateway, publicUrl] = await Promise.all([
    checkRedis(env['REDIS_URL'], clock),
    checkServers(settings?.oauthServers, probe, clock),
    checkGateway(api.url),
    checkPublicUrl(settings?.publicUrl, api.url),
  ]);
  const reachable = gateway[0]?.state === 'ok';
  const portals = await checkPortals(api, reachable);
  const portalServers = settings ? await checkPortalServers(settings, probe, reachable ? api : undefined) : [];
  return withoutRepeats([
    ...[...findings, ...caFiles, ...redis, ...servers],
    ...[...gateway, ...portals, ...portalServers, ...publicUrl],
  ]);
}

/** What the gateway says of its Redis is often what was just seen. */
function withoutRepeats(findings: readonly DoctorFinding[]): DoctorFinding[] {
  return findings.filter(({ detail }, i) => findings.findIndex((it) => it.detail === detail) === i);
}

const marks = { ok: '✓', warning: '!', problem: '✗', skipped: '–' } as const;
const colours = { ok: 'green', warning: 'yellow', problem: 'red', skipped: 'dim' } as const;

function report({ checks }: Diagnosis, style: Style): string {
  const names = checks.map(({ check }) => check.replaceAll('_', ' '));
  const width = Math.max(...names.map(({ length }) => length));
  const lines = checks.map(({ state, detail }, i) => {
    return `${style[colours[state]](marks[state])} ${(names[i] ?? '').padEnd(width)}  ${plain(detail)}`;
  });
  const count = (state: DoctorFinding['state']) => checks.filter((it) => it.state === state).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  return [...lines, '', `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}.`].join('\n');
}

function counted(n: number, what: string): string {
  return `${n === 0 ? 'no' : n} ${what}${n === 1 ? '' : 's'}`;
}
