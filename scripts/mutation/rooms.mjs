/** Rooms under mutation testing, in the order in which they run. */
export const rooms = ['idempotency', 'access', 'upstream', 'grants', 'queue'];

/** Files that run Lua and read its replies: contract specs check them against Redis. */
const runsLua = {
  idempotency: ['redis-idempotency-records.ts'],
  grants: ['redis-grant-store.ts', 'install-claims.ts'],
  queue: ['redis-peer-exchange.ts', 'leased-rate-limiter.ts'],
};

export function mutatedFilesOf(room) {
  const left = ['*.spec.ts', ...(runsLua[room] ?? [])];
  return [`libs/${room}/src/*.ts`, ...left.map((name) => `!libs/${room}/src/${name}`)];
}

export function specsOf(room) {
  return [`libs/${room}/src/*.spec.ts`];
}

/** Returns the room that a path lies in; undefined for a path outside all rooms. */
export function roomOf(path) {
  return /^libs\/([a-z]+)\//.exec(path)?.[1];
}
