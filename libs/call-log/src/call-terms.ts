import type { CallRecord } from './call-record';

export const bucketCount = 256;

/** What calls are looked up by: a word that names the kind, and the value. */
export const terms = {
  requestId: (id: string) => `r ${id}`,
  portal: (portal: string) => `p ${portal}`,
  client: (client: string) => `c ${client}`,
  clientAtPortal: (client: string, portal: string) => `b ${client} ${portal}`,
  method: (method: string) => `m ${method.toLowerCase()}`,
  outcome: (code: string) => `o ${code}`,
  failed: () => 'f',
};

/** Where a term is in the index: a bucket, and what stands for the term there. Two terms may share both. */
export interface TermPlace {
  readonly bucket: number;
  readonly fingerprint: number;
}

export function placeOf(term: string): TermPlace {
  const hash = hashOf(term);
  return { bucket: hash & 0xff, fingerprint: (hash >>> 8) & 0xffff };
}

const bucketHeadBytes = 3;
const fingerprintBytes = 2;

/** Returns the terms of calls: for each bucket that has any its number (1 byte), a count (2 bytes) and fingerprints (2 bytes). */
export function encodeTerms(calls: readonly CallRecord[]): Buffer {
  const places = sortedPlaces(termsOf(calls));
  const bytes = Buffer.alloc(places.length * fingerprintBytes + Math.min(bucketCount, places.length) * bucketHeadBytes);
  let at = 0;
  for (let first = 0; first < places.length;) {
    const bucket = bucketOf(places[first]);
    let end = first;
    while (end < places.length && bucketOf(places[end]) === bucket) end++;
    at = bytes.writeUInt8(bucket, at);
    at = bytes.writeUInt16BE(end - first, at);
    for (; first < end; first++) at = bytes.writeUInt16BE((places[first] ?? 0) & 0xffff, at);
  }
  return bytes.subarray(0, at);
}

/** Returns the distinct places as numbers, the bucket above the fingerprint, in ascending order. */
function sortedPlaces(all: readonly string[]): Uint32Array {
  const places = new Set<number>();
  for (const term of all) {
    const { bucket, fingerprint } = placeOf(term);
    places.add((bucket << 16) | fingerprint);
  }
  return Uint32Array.from(places).sort();
}

const bucketOf = (place = 0) => place >>> 16;

/**
 * Returns the numbers of the blocks that may hold a term. @param bucket entries of a block's number, a count and
 * fingerprints, 2 bytes each; what can't be read is left out
 */
export function blocksWith(bucket: Buffer | null | undefined, fingerprint: number): Set<number> {
  const blocks = new Set<number>();
  if (!bucket) return blocks;
  for (let at = 0; at + 4 <= bucket.length;) {
    const block = bucket.readUInt16BE(at);
    const end = Math.min(at + 4 + 2 * bucket.readUInt16BE(at + 2), bucket.length - 1);
    for (at += 4; at < end; at += 2) if (bucket.readUInt16BE(at) === fingerprint) blocks.add(block);
  }
  return blocks;
}

/** The distinct terms of calls. */
function termsOf(calls: readonly CallRecord[]): string[] {
  const portals = new Set<string>();
  const methods = new Set<string>();
  const outcomes = new Set<string>();
  const requestIds = new Set<string>();
  const portalsByClient = new Map<string, Set<string>>();
  for (const { client, portal, method, outcome, requestId } of calls) {
    portals.add(portal);
    const own = portalsByClient.get(client);
    if (own) own.add(portal);
    else portalsByClient.set(client, new Set([portal]));
    methods.add(method);
    outcomes.add(outcome);
    if (requestId !== undefined) requestIds.add(requestId);
  }
  return [
    ...[...portals].map(terms.portal),
    ...[...portalsByClient.keys()].map(terms.client),
    ...[...portalsByClient].flatMap(([client, own]) => [...own].map((it) => terms.clientAtPortal(client, it))),
    ...[...methods].map(terms.method),
    ...[...outcomes].map(terms.outcome),
    ...(outcomes.size > (outcomes.has('ok') ? 1 : 0) ? [terms.failed()] : []),
    ...[...requestIds].map(terms.requestId),
  ];
}

/** FNV-1a over UTF-16 code units, and the final mix of MurmurHash3. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
