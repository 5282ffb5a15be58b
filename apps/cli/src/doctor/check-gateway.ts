import type { Portal, Readiness } from '../api-types';
import { isUnhealthy } from '../commands/portals';
import { type GatewayApi, reasonOf } from '../gateway-api';
import { CommandFailure } from '../command-failure';
import { type DoctorFinding, ok, problem, skipped, warning } from './finding';

const patienceMs = 10_000;

/** Is it ready for calls, and what does it say of itself? */
export async function checkGateway(url: string): Promise<DoctorFinding[]> {
  const answer = await readinessOf(url);
  if (typeof answer === 'string') {
    const detail = `No gateway answers at ${url} (${answer}). Start it, or say where it is by B24_GATEWAY_URL or --url; if it ended by itself, its last log lines say why.`;
    return [problem('gateway', detail)];
  }
  const warnings = answer.warnings.map((detail) => warning('gateway', detail));
  const unhealthy = Object.values(answer.parts).filter(({ ready }) => !ready);
  if (unhealthy.length === 0) return [ok('gateway', `The gateway at ${url} is ready.`), ...warnings];
  const why = unhealthy.map(({ detail }) => detail).join(' ');
  return [
    problem('gateway', `The gateway at ${url} takes no calls: ${why} docs/troubleshooting.md says what to do.`),
    ...warnings,
  ];
}

/** Is the key any good, and does any portal need somebody? */
export async function checkPortals(api: GatewayApi, reachable: boolean): Promise<DoctorFinding[]> {
  if (!reachable) return [];
  if (!api.hasKey)
    return [
      skipped('key', 'No key was given, so portals were not looked at. Set B24_GATEWAY_KEY, or name --key-file.'),
    ];
  try {
    const portals = await api.all<Portal>('/v1/portals');
    const unhealthy = portals.filter(isUnhealthy).length;
    const detail = `${unhealthy} of ${portals.length} portals ${unhealthy === 1 ? 'needs' : 'need'} somebody: \`b24-gateway portals --unhealthy\` names ${unhealthy === 1 ? 'it' : 'them'}.`;
    const good = `None of ${portals.length} portals is unhealthy.`;
    return [ok('key', 'The key is accepted.'), unhealthy > 0 ? warning('portals', detail) : ok('portals', good)];
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    const { code, detail } = error.problem;
    if (code === 'not_allowed') return [warning('key', `${detail} Portals were not looked at.`)];
    return [problem('key', `The gateway refused the key (${code}). ${detail}`)];
  }
}

/** Where browsers and Bitrix24 come in. */
export async function checkPublicUrl(publicUrl: string | undefined, url: string): Promise<DoctorFinding[]> {
  if (publicUrl === undefined)
    return [skipped('public_url', 'PUBLIC_URL was not tried, since the settings are wrong.')];
  if (publicUrl === url)
    return [ok('public_url', `PUBLIC_URL is the gateway's own address, ${url}: only this machine gets there.`)];
  const refused = await livenessProblem(publicUrl);
  if (refused !== undefined)
    return [
      problem(
        'public_url',
        `PUBLIC_URL ${publicUrl} does not lead to the gateway (${refused}). Browsers and Bitrix24 come by it, for installs and events: look at DNS, the certificate and the reverse proxy, or correct PUBLIC_URL.`,
      ),
    ];
  const metrics = await checkMetrics(publicUrl);
  if (publicUrl.startsWith('http:'))
    return [
      ...metrics,
      warning(
        'public_url',
        `PUBLIC_URL ${publicUrl} is not https, without which Bitrix24 opens no page of an app. Put a certificate before it.`,
      ),
    ];
  return [ok('public_url', `PUBLIC_URL ${publicUrl} leads to a gateway.`), ...metrics];
}

/** Metrics name portals and methods, and are nothing for the world. */
async function checkMetrics(publicUrl: string): Promise<DoctorFinding[]> {
  const status = await bare(`${publicUrl}/metrics`).then(
    async (answer) => {
      await answer.body?.cancel();
      return answer.status;
    },
    () => undefined,
  );
  if (status !== 200) return [];
  const detail = `Everybody can read ${publicUrl}/metrics, which names portals and methods. Set METRICS_TOKEN, or let the reverse proxy refuse /metrics.`;
  return [warning('metrics', detail)];
}

async function livenessProblem(publicUrl: string): Promise<string | undefined> {
  try {
    const answer = await bare(`${publicUrl}/health/live`);
    const { status } = answer.ok ? ((await answer.json()) as { status?: string }) : {};
    return status === 'live' ? undefined : `status ${answer.status}`;
  } catch (error) {
    return error instanceof SyntaxError ? 'no JSON' : reasonOf(error);
  }
}

/** Or why there is none. */
async function readinessOf(url: string): Promise<Readiness | string> {
  try {
    const answer = await bare(`${url}/health/ready`);
    const body = (await answer.json()) as Partial<Readiness>;
    const { status, parts, warnings } = body;
    return status && parts && warnings ? { status, parts, warnings } : `status ${answer.status}, and no readiness`;
  } catch (error) {
    return error instanceof SyntaxError ? 'what answers is not b24-gateway' : reasonOf(error);
  }
}

function bare(url: string): Promise<Response> {
  return fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(patienceMs) });
}
