import { writeFileSync } from 'node:fs';
import { Child, endOrphan } from './children.mjs';
import { randomText } from './data-dir.mjs';
import { freePorts, isFree, until } from './ports.mjs';
import { Stop } from './say.mjs';

const program = 'dist/apps/portal-simulator/apps/portal-simulator/src/main.js';
const aliases = ['demo-one', 'demo-two'];

/** Starts the portal simulator with two portals, for a gateway that has no app in Bitrix24 yet. */
export class Demo {
  static async start(data, { gatewayPort, publicUrl }) {
    const demo = new Demo();
    data.folder('simulator');
    const pidFile = data.at('simulator', 'pid');
    await endOrphan(pidFile, /portal-simulator/);
    const [server, ...ports] = await portsOf(data, gatewayPort);
    const [portals, secondPorts] = [ports.slice(0, aliases.length), ports.slice(aliases.length)];
    demo.server = `http://127.0.0.1:${server}`;
    demo.domains = portals.map((port) => `127.0.0.1:${port}`);
    demo.allowed = ports.map((port) => `127.0.0.1:${port}`);
    demo.clientId = data.kept('simulator-client-id', () => `local.${randomText(12)}`).text;
    demo.clientSecret = data.kept('simulator-client-secret', () => randomText()).text;
    demo.child = new Child('The portal simulator', process.execPath, [program], {
      pidFile,
      env: {
        ...process.env,
        SIM_PORT: `${server}`,
        SIM_PORTAL_PORTS: portals.join(),
        SIM_SECOND_PORTS: secondPorts.join(),
        SIM_STATE_FILE: data.at('simulator', 'state.json'),
        SIM_CALLBACK_URL: `${publicUrl}/oauth/callback`,
        SIM_CLIENT_ID: demo.clientId,
        SIM_CLIENT_SECRET: demo.clientSecret,
      },
    });
    const up = await until(async () => !demo.child.running || (await ok(`${demo.server}/_simulator/health`)));
    if (!up || !demo.child.running) throw new Stop(`The portal simulator did not start. ${demo.child.errors.trim()}`);
    return demo;
  }

  /** Returns the settings of a gateway whose app is in the simulator. */
  get environment() {
    return {
      B24_CLIENT_ID: this.clientId,
      B24_CLIENT_SECRET: this.clientSecret,
      B24_OAUTH_SERVER: this.server,
      B24_ALLOW_HTTP: 'true',
      B24_PORTAL_HOSTS: this.allowed.join(),
      SANDBOX_URL: this.server,
      INSTALLS: process.env.INSTALLS || 'open',
      ...directToLoopback(process.env),
    };
  }

  /** Installs both portals through the gateway's own event address, unless they are installed. */
  async install(url, adminKey) {
    const headers = { Authorization: `Bearer ${adminKey}`, 'Content-Type': 'application/json' };
    const portal = async (domain) => (await fetch(`${url}/v1/portals/${domain}`, { headers })).json();
    for (const [i, domain] of this.domains.entries()) {
      if ((await portal(domain)).status === 'active') continue;
      const to = encodeURIComponent(`${url}/bitrix24/events`);
      await fetch(`${this.server}/_simulator/install?portal=${domain}&to=${to}`, { method: 'POST' });
      if (!(await until(async () => ['active', 'waiting'].includes((await portal(domain)).status)))) {
        throw new Stop(`The demo portal ${domain} could not be installed; data/gateway.log says why.`);
      }
      const body = JSON.stringify({ alias: aliases[i], admitted: true });
      await fetch(`${url}/v1/portals/${domain}`, { method: 'PATCH', headers, body });
    }
  }
}

/** Returns the exceptions of an outgoing proxy with the simulator among them, which no proxy reaches. */
function directToLoopback({ no_proxy, NO_PROXY }) {
  return { no_proxy: ['127.0.0.1', no_proxy || NO_PROXY].filter(Boolean).join() };
}

/** Returns the ports of the authorization server, of each portal, and of each portal after a rename. */
async function portsOf(data, gatewayPort) {
  const wanted = data.kept('simulator-ports', () => '').text;
  const stored = wanted.split(',').filter(Boolean).map(Number);
  const missing = 1 + 2 * aliases.length - stored.length;
  for (const port of stored) {
    if (!(await isFree(port))) {
      throw new Stop(
        `Port ${port}, where a demo portal lives, is taken by another program. Stop it, or set DATA_DIR to a new folder.`,
      );
    }
  }
  if (missing === 0) return stored;
  const ports = [...stored, ...(await freePorts(Math.max(gatewayPort + 9, ...stored) + 1, missing))];
  writeFileSync(data.at('simulator-ports'), ports.join(), { mode: 0o600 });
  return ports;
}

async function ok(url) {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
