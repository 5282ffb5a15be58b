import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { Redis } from 'ioredis';

const require = createRequire(import.meta.url);
const { RedisGrantStore } = require('../../../dist/apps/gateway/libs/grants/src/index.js');
const { Secret } = require('../../../dist/apps/gateway/libs/portal/src/index.js');
const { Keyring } = require('../../../dist/apps/gateway/libs/seal/src/index.js');

const atOnce = 200;
const lifetimeMs = 3_600_000;

/** Installs so many portals by writing their grants as the gateway would; thousands of real installs take minutes. */
export async function seed({ redis, encryptionKeys, vendor }, count) {
  const { origins } = vendor.about;
  const portals = Array.from({ length: count }, (_, i) => ({
    memberId: randomBytes(16).toString('hex'),
    origin: origins[i % origins.length],
    accessToken: randomBytes(35).toString('hex'),
  }));
  const connection = new Redis(redis.url);
  const store = new RedisGrantStore(connection, keyringOf(encryptionKeys));
  for (let from = 0; from < count; from += atOnce) {
    await Promise.all(portals.slice(from, from + atOnce).map((portal) => store.install(newInstall(portal))));
  }
  connection.disconnect();
  return portals;
}

/** Writes the key and the grants as the bare gateway reads them. */
export async function seedBare({ redis, key }, portals) {
  const connection = new Redis(redis.url);
  await connection.set(`bare:key:${createHash('sha256').update(key).digest('hex')}`, 'bench');
  const write = ({ memberId, origin, accessToken }) =>
    connection.hset(`bare:grant:${memberId}`, { accessToken, endpoint: `${origin}/rest/`, version: 1 });
  await Promise.all(portals.map(write));
  connection.disconnect();
}

function keyringOf(encryptionKeys) {
  const [id, key] = encryptionKeys.split(':');
  return new Keyring([{ id, key: Buffer.from(key, 'base64') }]);
}

function newInstall({ memberId, origin, accessToken }) {
  const now = Date.now();
  return {
    install: {
      portal: memberId,
      kind: 'app',
      domain: new URL(origin).host,
      endpoint: `${origin}/rest/`,
      oauthServer: '',
      scope: ['task'],
      userId: 1,
      licence: 'L',
      installedAtMs: now,
    },
    pair: {
      accessToken: new Secret(accessToken),
      refreshToken: new Secret(randomBytes(35).toString('hex')),
      expiresAtMs: now + lifetimeMs,
      lifetimeMs,
    },
    applicationToken: new Secret(randomBytes(16).toString('hex')),
  };
}
