import { createWriteStream } from 'node:fs';
import { relative } from 'node:path';
import { Child, endOrphan } from './launch/children.mjs';
import { DataDir, newEncryptionKeys, randomText } from './launch/data-dir.mjs';
import { Demo } from './launch/demo.mjs';
import { EmbeddedRedis } from './launch/embedded-redis.mjs';
import { answers, isFree, until } from './launch/ports.mjs';
import { prepare } from './launch/prepare.mjs';
import { main, say, Stop } from './launch/say.mjs';

const program = 'dist/programs/gateway.js';
const gatewayStopMs = 30_000;
const stopMs = 10_000;

/** The running children, in the order in which they are stopped. */
const running = [];

main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  stopOnSignals();
  const { PORT = '3000', HOST = '127.0.0.1', B24_CLIENT_ID, B24_CLIENT_SECRET } = process.env;
  const port = Number(PORT);
  const publicUrl = (process.env.PUBLIC_URL || `http://${HOST}:${PORT}`).replace(/(?<!\/)\/+$/, '');
  if (Boolean(B24_CLIENT_ID) !== Boolean(B24_CLIENT_SECRET)) {
    throw new Stop(
      'Set both B24_CLIENT_ID and B24_CLIENT_SECRET, or neither to try the gateway with the portal simulator.',
    );
  }
  await prepare();
  const data = new DataDir();
  data.lock();
  await endOrphan(data.at('gateway.pid'), /gateway/);
  if (Number.isInteger(port) && port > 0 && !(await isFree(port, HOST).catch(() => true))) {
    throw new Stop(`Port ${PORT} on ${HOST} is taken by another program. Set PORT to another or stop it.`);
  }
  const keys = secretsOf(data);
  if (process.env.REDIS_URL) await mustAnswer(process.env.REDIS_URL);
  const redis = process.env.REDIS_URL ? undefined : await EmbeddedRedis.start(data);
  if (redis) running.unshift(redis);
  const withDemo = !B24_CLIENT_ID && process.env.DEMO !== 'false';
  const demo = !withDemo
    ? undefined
    : await Demo.start(data, { gatewayPort: port > 0 && port < 65_000 ? port : 3000, publicUrl });
  if (demo) running.unshift({ stop: () => demo.child.stop(stopMs) });
  const url = await startGateway(data, {
    ...process.env,
    ...demo?.environment,
    PORT,
    HOST,
    ADMIN_KEY: keys.admin.text,
    ENCRYPTION_KEYS: keys.encryption,
    ...(redis && { REDIS_URL: redis.url }),
  });
  await demo?.install(url, keys.admin.text);
  welcome({ url, publicUrl, data, demo, admin: keys.admin });
}, stopAll);

/**
 * Reports a mistyped REDIS_URL at once. A value that is not a URL, or names several hosts, is left to the gateway to
 * check.
 */
async function mustAnswer(redisUrl) {
  if (!/^rediss?:/.test(redisUrl) || !URL.canParse(redisUrl)) return;
  const { hostname, port } = new URL(redisUrl);
  if (hostname && (await answers(Number(port || 6379), hostname))) return;
  throw new Stop(
    `No Redis answers at ${hostname}:${port || 6379} (REDIS_URL). Start it, or unset REDIS_URL to run one here.`,
  );
}

function secretsOf(data) {
  const { ADMIN_KEY, ENCRYPTION_KEYS } = process.env;
  return {
    admin: ADMIN_KEY ? { text: ADMIN_KEY } : data.kept('admin-key', () => `b24admin_${randomText()}`),
    encryption: ENCRYPTION_KEYS || data.kept('encryption-keys', newEncryptionKeys).text,
  };
}

async function startGateway(data, env) {
  const log = createWriteStream(data.at('gateway.log'), { flags: 'a', mode: 0o600 });
  let url;
  const onLine = (line) => {
    log.write(`${line}\n`);
    const entry = parsed(line);
    if (entry?.msg === 'listening') url = entry.url;
    if (process.env.LOG_TO_TERMINAL === '1') say(line);
    else if (entry && (entry.level === 'error' || entry.level === 'warn')) say(`gateway ${entry.level}: ${entry.msg}`);
  };
  const args = [program];
  const gateway = new Child('The gateway', process.execPath, args, { env, pidFile: data.at('gateway.pid'), onLine });
  running.unshift({ stop: () => gateway.stop(gatewayStopMs) });
  await until(() => !gateway.running || url !== undefined);
  const ready = gateway.running && url && (await until(() => !gateway.running || isReady(url), { tries: 200 }));
  if (!ready || !gateway.running) {
    const words = gateway.errors.trim() || `${relative('.', data.at('gateway.log'))} says why.`;
    throw new Stop(gateway.running || !gateway.errors ? `The gateway did not become ready. ${words}` : words);
  }
  void gateway.exited.then(async () => {
    if (gateway.stopping) return;
    say(`The gateway ended by itself. ${gateway.errors.trim()}`);
    await stopAll();
    process.exit(1);
  });
  return url;
}

async function isReady(url) {
  try {
    return (await fetch(`${url}/health/ready`)).ok;
  } catch {
    return false;
  }
}

function welcome({ url, publicUrl, data, demo, admin }) {
  const curl = curlWith(data, admin);
  const shown = (file) => relative('.', file) || file;
  say(`\nb24-gateway listens on ${url}  (API: ${url}/docs, log: ${shown(data.at('gateway.log'))})`);
  if (process.env.CONSOLE !== 'false') say(`Console: ${url}/console`);
  if (admin.file) say(`Admin key: in ${shown(admin.file)}, which nobody else may read`);
  if (!demo) {
    if (process.env.B24_CLIENT_ID) say(`\nInstall a portal:\n  open ${publicUrl}/install`);
    else {
      const app = `{"name":"acme","clientId":"local.…","clientSecret":"…"}`;
      say(`\nRegister your first app; the answer has its addresses for Bitrix24:`);
      say(`  ${curl} -H "Content-Type: application/json" -d '${app}' ${url}/v1/apps`);
    }
    say(`\nSee the installed portals:\n  ${curl} ${url}/v1/portals\n`);
    return;
  }
  const json = `-H "Content-Type: application/json"`;
  const portal = `${url}/v1/portals/demo-one`;
  say(
    `\nNo app is configured (B24_CLIENT_ID), so a portal simulator runs with two portals, demo-one and demo-two. Paste:`,
  );
  say(`\n# the backlog of group 125\n${curl} ${portal}/groups/125/backlog`);
  say(`\n# add one to group 127\n${curl} ${json} -d '{"groupId":127,"createdBy":6}' ${portal}/backlogs`);
  say(
    `\n# a key for a service of yours\n${curl} ${json} -d '{"name":"planning","scopes":["backlog:read"]}' ${url}/v1/clients`,
  );
  say('\nCtrl-C stops everything; the next start finds it again.');
}

/**
 * Returns the beginning of a command that passes the key in a file or a pipe: `ps` shows command lines, and the
 * supervisor of this process logs what it prints.
 */
function curlWith(data, admin) {
  if (!admin.file) return `printf 'Authorization: Bearer %s' "$ADMIN_KEY" | curl -s -H @-`;
  const file = data.written('admin-header', `Authorization: Bearer ${admin.text}`);
  return `curl -s -H @${relative('.', file) || file}`;
}

function stopOnSignals() {
  let asked = 0;
  const stop = async () => {
    if (++asked > 1) process.exit(1);
    say('\nStopping …');
    await stopAll();
    say('Stopped cleanly.');
    process.exit(0);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

async function stopAll() {
  for (const it of running.splice(0)) await it.stop();
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
