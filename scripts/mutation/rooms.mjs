/** Contract specs of a room that run beside its unit specs; they use a Redis on this machine. */
const contractSpecs = {
  access: ['client-keys', 'audit-log', 'rate-meter', 'storage-budget'],
};

/** Rooms under mutation testing, in the order in which they run. */
export const rooms = ['idempotency', 'access', 'upstream', 'grants', 'queue'];

/** Code that runs Lua and reads its replies: contract specs check it against Redis. */
const storesInRedis = {
  idempotency: 'redis-idempotency-records.ts',
  grants: 'redis-grant-store.ts',
  queue: 'redis-peer-exchange.ts',
};

export function mutatedFilesOf(room) {
  const left = ['*.spec.ts', ...(storesInRedis[room] ? [storesInRedis[room]] : [])];
  return [`libs/${room}/src/*.ts`, ...left.map((name) => `!libs/${room}/src/${name}`)];
}

export function specsOf(room) {
  const contract = contractSpecs[room] ?? [];
  return [`libs/${room}/src/**/*.spec.ts`, ...contract.map((name) => `test/contract/${name}.spec.ts`)];
}

/** Returns the room that a path lies in; undefined for a path outside all rooms. */
export function roomOf(path) {
  return /^libs\/([a-z]+)\//.exec(path)?.[1];
}
