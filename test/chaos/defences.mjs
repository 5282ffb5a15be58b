/** The defences that the chaos suite checks, and the text of the build to replace in order to remove each of them. */
export const defences = [
  {
    without: 'an answer that is kept for its key',
    seen: 'doubled',
    in: { 'libs/idempotency/src/acquireWrite-1.lua': ['if seen[2] then', 'if false then'] },
  },
  {
    without: 'word of a sending by a replica that died',
    seen: 'doubled',
    in: { 'libs/idempotency/src/acquireWrite-1.lua': ['if mayRunUntil then', 'if false then'] },
  },
  {
    without: 'the difference between lost and not done',
    seen: 'doubled',
    times: 4,
    in: { 'libs/idempotency/src/write-failure.js': ["'not_done' : 'lost'", "'not_done' : 'not_done'"] },
  },
  {
    without: 'the names of the commands in a batch',
    seen: 'crossed',
    in: { 'libs/upstream/src/batch-codec.js': ["names[i] ?? '', { parts,", 'names[names.length - 1 - i], { parts,'] },
  },
  {
    without: 'spare pairs',
    seen: 'grants',
    in: {
      'libs/grants/src/token-refresh.js': ['(0, spares_1.sparesToTry)(grant, reason, this.options.clock.now())', '[]'],
    },
  },
  {
    without: "the server's word on where a portal is",
    seen: 'grants',
    in: {
      'libs/grants/src/token-refresh.js': [
        '(0, portal_endpoint_1.portalEndpoint)(endpoint, this.options.rules) ?? grant',
        'grant',
      ],
      'libs/grants/src/relocation-lookup.js': ['await store.relocate(', 'void ('],
    },
  },
  {
    without: "the portal's pace, at twice of it",
    seen: 'tripped',
    in: {
      'libs/queue/src/leasePermits-1.lua': ['math.min(perMs, stored[i + 1] / 1000)', '2 * perMs'],
    },
  },
  {
    without: "the caller's deadline",
    seen: 'waiting',
    in: { 'apps/gateway/src/http/caller.js': ['return Math.max(0, deadlineMs -', 'return Math.max(0, 30_000 -'] },
  },
  {
    without: 'the end of a key that is deleted',
    seen: 'revoked',
    in: {
      'libs/access/src/client-keys.js': [
        'await this.endAll(await this.redis.hget(clientsKey, id));',
        ';',
        'await this.endAll(digests);',
        ';',
      ],
    },
  },
  {
    without: 'reports of what has changed in Redis',
    seen: 'revoked',
    in: {
      'libs/redis/src/invalidations.js': ['listener.invalidated(String(key))', 'void listener'],
    },
  },
  {
    without: 'the suspension of a portal',
    seen: 'revoked',
    in: { 'libs/grants/src/fresh-grants.js': ['if (grant.suspended)', 'if (false)'] },
  },
  {
    without: 'a wrapping around tokens',
    seen: 'secrets',
    in: {
      'libs/portal/src/secret.js': ['reveal() {', 'reveal() { console.log(JSON.stringify({ told: this.#text }));'],
    },
  },
  {
    without: 'a fault for an answer that can not be read',
    seen: 'faults',
    in: {
      'libs/upstream/src/answer-body.js': [
        'catch {\n        return undefined;',
        'catch (error) {\n        throw error;',
      ],
    },
  },
];
