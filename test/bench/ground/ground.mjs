import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '../../../scripts/launch/children.mjs';
import { DataDir, newEncryptionKeys, randomText } from '../../../scripts/launch/data-dir.mjs';
import { EmbeddedRedis } from '../../../scripts/launch/embedded-redis.mjs';
import { until } from '../../../scripts/launch/ports.mjs';
import { printProfiles, profileFolder } from '../figures/profile.mjs';

const program = fileURLToPath(new URL('../../../dist/programs/gateway.js', import.meta.url));

/** Limits that no benchmark meets. */
const unlimited = { B24_BURST: '10000', B24_DRAIN_PER_SECOND: '1000' };
/** The vendor's common plan, and callers patient enough for a portal without batches. */
export const commonPlan = { B24_BURST: '50', B24_DRAIN_PER_SECOND: '2', CALL_TIMEOUT_MS: '120000' };

/**
 * Runs a benchmark on Redis, a vendor and replicas of the gateway, each a process of its own. All of it ends with the
 * benchmark, however that ends.
 */
export async function onGround(options, benchmark) {
  const ground = new Ground(options);
  const interrupted = () => void ground.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupted);
  try {
    await ground.start();
    return await benchmark(ground);
  } finally {
    process.off('SIGINT', interrupted);
    await ground.stop();
  }
}

class Ground {
  replicas = [];
  adminKey = randomText();
  encryptionKeys = newEncryptionKeys();
  data = new DataDir(mkdtempSync(join(tmpdir(), 'b24-bench-')));
  profiles = profileFolder();

  constructor({ startVendor, replicas = 1, settings = unlimited }) {
    this.wanted = { startVendor, replicas, settings };
  }

  async start() {
    this.redis = await EmbeddedRedis.start(this.data);
    this.vendor = await this.wanted.startVendor();
    for (let i = 0; i < this.wanted.replicas; i++) await this.startReplica(`gateway-${i + 1}`);
    this.key = await this.newKey('bench');
  }

  /** Registers a client that may read backlogs, and returns its key. */
  async newKey(name) {
    const client = { name, scopes: ['backlog:read'] };
    return (await this.asAdmin('clients', { method: 'POST', body: JSON.stringify(client) })).key;
  }

  async stop() {
    await Promise.all(this.replicas.map(({ child }) => child.stop(10_000)));
    this.vendor?.stop();
    await this.redis?.stop();
    rmSync(this.data.path, { recursive: true, force: true });
    printProfiles(this.profiles);
  }

  /** The gateway's administration, by its first replica. */
  async asAdmin(path, request = {}) {
    const headers = { Authorization: `Bearer ${this.adminKey}`, 'Content-Type': 'application/json' };
    return (await fetch(`${this.replicas[0].url}/v1/${path}`, { headers, ...request })).json();
  }

  /** Installs the simulator's portals as the vendor does, and waits until so many requests (or a burst) may leave. */
  async install(portals, wanted = Infinity) {
    await this.vendor.ask('install', `${this.replicas[0].url}/bitrix24/events`);
    for (const { memberId } of portals) {
      const filled = async () => {
        const { queue } = await this.asAdmin(`portals/${memberId}`);
        return queue?.permitsAvailable >= Math.min(wanted, queue?.capacity);
      };
      if (!(await until(filled, { tries: 600, everyMs: 100 }))) throw new Error('A portal could not be installed.');
    }
  }

  async startReplica(name) {
    let url;
    const profiling = this.profiles ? ['--cpu-prof', `--cpu-prof-dir=${this.profiles}`] : [];
    const args = [...profiling, program];
    const child = new Child(name, process.execPath, args, {
      pidFile: this.data.at(`${name}.pid`),
      onLine: (line) => (url ??= JSON.parse(line).url),
      env: this.environment(),
    });
    const replica = { child, pid: child.process.pid };
    this.replicas.push(replica);
    await until(() => url !== undefined || !child.running);
    if (!url) throw new Error(`A replica did not start. ${child.errors}`);
    replica.url = url;
  }

  environment() {
    const { clientId, clientSecret, oauthServer } = this.vendor.about;
    return {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      PORT: '0',
      REDIS_URL: this.redis.url,
      ADMIN_KEY: this.adminKey,
      ENCRYPTION_KEYS: this.encryptionKeys,
      B24_CLIENT_ID: clientId,
      B24_CLIENT_SECRET: clientSecret,
      B24_OAUTH_SERVER: oauthServer,
      B24_ALLOW_HTTP: 'true',
      B24_PORTAL_HOSTS: '127.0.0.0/8:*',
      ...this.wanted.settings,
    };
  }
}
