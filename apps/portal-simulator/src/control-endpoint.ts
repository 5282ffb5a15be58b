import type { DemoFailures } from './demo-failures';
import type { Exchange } from './exchange';
import type { SimulatedPortal } from './simulated-portal';

/** `/_simulator…` on the authorization server's port: for the demo, never the vendor's. */
export async function handleControl(
  exchange: Exchange,
  portals: readonly SimulatedPortal[],
  { ready, failures }: { readonly ready: boolean; readonly failures: DemoFailures },
): Promise<void> {
  if (exchange.path === '/_simulator/health') {
    return exchange.json(ready ? 200 : 503, { status: ready ? 'ok' : 'starting' });
  }
  if (exchange.path === '/_simulator' && exchange.httpMethod === 'GET') return exchange.json(200, overview(portals));
  if (exchange.path === '/_simulator/install' && exchange.httpMethod === 'POST') return install(exchange, portals);
  if (exchange.path === '/_simulator/answers' && exchange.httpMethod === 'POST') return script(exchange, portals);
  if (exchange.path === '/_simulator/failures' && exchange.httpMethod === 'GET') {
    return exchange.json(200, failuresOf(portals, failures));
  }
  if (exchange.path === '/_simulator/failure') return changeFailure(exchange, portals, failures);
  exchange.json(404, { error: 'not_found' });
}

function overview(portals: readonly SimulatedPortal[]): unknown {
  return {
    portals: portals.map((portal) => ({
      domain: portal.domain,
      memberId: portal.memberId,
      webhookUrl: portal.webhookUrl(),
      installed: portal.installed,
      refusedByBucket: portal.refusedByBucket,
      requests: portal.requests.length,
    })),
  };
}

function failuresOf(portals: readonly SimulatedPortal[], failures: DemoFailures): unknown {
  const ofPortal = (portal: SimulatedPortal) => ({
    memberId: portal.memberId,
    domain: portal.domain,
    failure: failures.of(portal),
  });
  return { failures: failures.kinds, portals: portals.map(ofPortal) };
}

/** PUT and DELETE only: a page of another origin can send them only after a CORS preflight, which is not answered. */
async function changeFailure(
  exchange: Exchange,
  portals: readonly SimulatedPortal[],
  failures: DemoFailures,
): Promise<void> {
  const portal = portalNamed(portals, exchange.query['portal']);
  if (portal === undefined) return exchange.json(404, { error: 'portal_not_found' });
  if (exchange.httpMethod === 'DELETE') await failures.end(portal);
  else if (exchange.httpMethod !== 'PUT') return exchange.json(405, { error: 'method_not_allowed' });
  else if (!(await failures.start(portal, exchange.query['kind']))) {
    return exchange.json(400, { error: 'unknown_kind' });
  }
  exchange.json(200, failuresOf(portals, failures));
}

/** The body, to the letter, is what a method answers from now on. */
function script(exchange: Exchange, portals: readonly SimulatedPortal[]): void {
  const { portal: domain, method, status } = exchange.query;
  const portal = portalNamed(portals, domain);
  if (portal === undefined) return exchange.json(404, { error: 'portal_not_found' });
  if (typeof method !== 'string') return exchange.json(400, { error: 'method_is_missing' });
  const contentType = exchange.header('content-type');
  portal.scripts.set(method, {
    text: exchange.bodyText,
    ...(contentType === '' ? {} : { contentType }),
    ...(typeof status === 'string' ? { status: Number(status) } : {}),
  });
  exchange.json(200, { scripted: method });
}

function portalNamed(portals: readonly SimulatedPortal[], name: unknown): SimulatedPortal | undefined {
  return portals.find((one) => one.domain === name || one.memberId === name);
}

async function install(exchange: Exchange, portals: readonly SimulatedPortal[]): Promise<void> {
  const { portal: domain, to } = exchange.query;
  const portal = portalNamed(portals, domain);
  if (portal === undefined) return exchange.json(404, { error: 'portal_not_found' });
  if (typeof to !== 'string' || !to.startsWith('http://'))
    return exchange.json(400, { error: 'to_is_not_an_http_url' });
  try {
    exchange.json(200, { sent: true, answer: await portal.sendInstallEvent(to) });
  } catch {
    exchange.json(502, { sent: false, error: 'gateway_not_reachable' });
  }
}
