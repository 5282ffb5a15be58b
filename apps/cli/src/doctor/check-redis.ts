import type { Clock } from '@b24/portal';
import { checkDurability, connectStore, parseRedisUrl, type RedisAddress, type StoreConnection } from '@b24/redis';
import { judgeSkew } from './clock-skew';
import { type DoctorFinding, ok, problem, skipped, warning } from './finding';

/** Network time keeps machines well within it. */
const skewToleranceMs = 2000;
const login = ['WRONGPASS', 'NOAUTH', 'NOPERM'];

/** Does it answer, would it keep what it is given, and does its clock go with ours? */
export async function checkRedis(url: string | undefined, clock: Clock): Promise<DoctorFinding[]> {
  const place = url === undefined ? undefined : placeOf(url);
  if (url === undefined || !place) return [skipped('redis', 'REDIS_URL is missing or wrong, so Redis was not asked.')];
  let lost: string | undefined;
  const store = connectStore(url, { lost: (code) => (lost ??= code), back: () => undefined });
  try {
    const requestedAtMs = clock.now();
    const theirsMs = await timeOf(store);
    const reading = { theirsMs, requestedAtMs, answeredAtMs: clock.now(), stepMs: 1 };
    return [
      ok('redis', `Redis answers at ${nameOf(place)}.`),
      ...(await durability(store)),
      judgeSkew('redis_clock', 'Redis', reading, skewToleranceMs),
    ];
  } catch (error) {
    return [problem('redis', reason(nameOf(place), error as Error, lost))];
  } finally {
    store.disconnect();
  }
}

/** Unix milliseconds. */
async function timeOf(store: StoreConnection): Promise<number> {
  // The first answer waits for the connection; the second tells the time that it takes.
  await store.time();
  const [seconds, micros] = await store.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

async function durability(store: StoreConnection): Promise<DoctorFinding[]> {
  const warnings = await checkDurability(store);
  if (warnings.length === 0) return [ok('durability', 'Redis evicts nothing and keeps an append-only file.')];
  return warnings.map(({ code, detail }) => {
    const mild = code === 'would_evict' || code === 'unknown';
    return mild ? warning('durability', detail) : problem('durability', detail);
  });
}

function placeOf(url: string): RedisAddress | undefined {
  try {
    return parseRedisUrl(url);
  } catch {
    return undefined;
  }
}

/** Where it is, without user and password. */
function nameOf(place: RedisAddress): string {
  if (place.kind === 'single') return new URL(place.url).host;
  const nodes = place.kind === 'cluster' ? place.nodes : place.sentinels;
  return nodes.map(({ host, port }) => `${host}:${port}`).join(', ');
}

function reason(where: string, { name, message }: Error, lost: string | undefined): string {
  const word = /^[A-Z]+\b/.exec(message)?.[0];
  if (word && login.includes(word))
    return `Redis at ${where} refuses the login (${word}). Correct user and password in REDIS_URL.`;
  return `Redis does not answer at ${where} (${lost ?? name}). Start it, or correct REDIS_URL; until it answers, calls get store_unavailable and nothing is lost.`;
}
