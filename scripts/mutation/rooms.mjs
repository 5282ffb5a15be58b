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
  return [`libs/${room}/src/*.spec.ts`];
}

/** Returns the room that a path lies in; undefined for a path outside all rooms. */
export function roomOf(path) {
  return /^libs\/([a-z]+)\//.exec(path)?.[1];
}
