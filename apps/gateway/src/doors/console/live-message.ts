import { faultCodes, isPortalId, type PortalId } from '@b24/portal';
import { z } from 'zod';
import type { ReplicaFigures } from './live-figures';

/** A message between replicas: what is watched, or a replica's figures. */
export type LiveMessage =
  | { readonly kind: 'watch'; readonly portals: readonly PortalId[]; readonly closely: readonly PortalId[] }
  | { readonly kind: 'tell'; readonly replica: string; readonly figures: ReplicaFigures };

/** Larger than any message of a replica. */
const maxItems = 10_000;
const count = z.number().nonnegative();
const id = z.custom<PortalId>((it) => typeof it === 'string' && isPortalId(it));
const ids = z.array(id).max(maxItems);
const calls = z.object({ ok: count, failed: count });
const figures = z.object({
  waiting: count,
  inFlight: count,
  commandsPerRequest: count.optional(),
  circuit: z.enum(['closed', 'open', 'probing']),
  calls: calls.extend({ tookMs: z.array(count).max(maxItems) }).optional(),
});
const details = z.object({
  operating: z.array(z.object({ method: z.string(), usedSeconds: z.number(), resetAtMs: z.number().optional() })),
  problems: z
    .array(
      z.object({
        method: z.string(),
        code: z.enum(faultCodes as [(typeof faultCodes)[number]]),
        title: z.string(),
        detail: z.string(),
        caller: z.string(),
        count,
        firstAtMs: z.number(),
        lastAtMs: z.number(),
        requests: z.array(z.object({ id: z.string(), atMs: z.number() })).max(maxItems),
      }),
    )
    .max(maxItems),
});
const said = z.discriminatedUnion('kind', [
  z.object({ by: z.string(), kind: z.literal('watch'), portals: ids, closely: ids }),
  z.object({
    by: z.string(),
    kind: z.literal('tell'),
    replica: z.string(),
    figures: z.object({
      countedMs: count,
      process: z.object({ version: z.string().max(50), startedAtMs: count, memoryBytes: count }).optional(),
      calls: calls.optional(),
      waiting: count,
      inFlight: count,
      down: count,
      portals: z.record(z.string(), figures),
      closely: z.record(z.string(), details),
    }),
  }),
]);

/**
 * Parses a published value. Returns the message and the replica that sent it; undefined if no replica of this build
 * would send it.
 */
export function parseLiveMessage(value: unknown): { readonly by: string; readonly word: LiveMessage } | undefined {
  const { data } = said.safeParse(value);
  if (!data) return undefined;
  const { by, ...word } = data;
  return { by, word: word as LiveMessage };
}
