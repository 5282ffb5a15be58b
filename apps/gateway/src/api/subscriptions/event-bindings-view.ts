import type { BoundEvents } from '@b24/events';
import { type FaultCode, faultTable } from '@b24/portal';
import { z } from 'zod';
import { isoTime } from '../../http/iso-time';

const states = ['none', 'no_app', 'pending', 'failing', 'bound'] as const;

export const eventBindingsSchema = z
  .object({
    state: z.enum(states).meta({
      description:
        '`none`: no subscription wants events of the portal. `no_app`: the portal is connected by webhook, which sends no events. `pending`: not bound yet. `failing`: the last attempt to bind failed. `bound`: the portal sends its events.',
    }),
    detail: z.string().describe('The state in a sentence.'),
    wanted: z
      .array(z.string())
      .describe('The events that subscriptions want of the portal: names and prefixes; `*` for all.'),
    bound: z.int().describe('The number of events that are bound.'),
    refused: z.array(z.string()).describe('Wanted events that the portal does not know.'),
    code: z.string().optional().describe('The problem code of the last failure.'),
    failures: z.int().optional().describe('The number of failures in a row.'),
    checkedAt: z.iso.datetime().optional().describe('When the bindings were last compared.'),
    nextCheckAt: z.iso.datetime().optional().describe('When they are compared next.'),
  })
  .meta({
    id: 'EventBindings',
    examples: [
      {
        state: 'bound',
        detail: 'The portal sends its events.',
        wanted: ['ONTASKADD'],
        bound: 1,
        refused: [],
        checkedAt: '2026-11-01T09:00:00.000Z',
        nextCheckAt: '2026-11-02T09:00:00.000Z',
      },
    ],
  });
type EventBindingsView = z.infer<typeof eventBindingsSchema>;

export interface PortalBindings {
  /** The patterns that subscriptions want, sorted. */
  readonly wanted: readonly string[];
  readonly bound: BoundEvents | undefined;
  /** When the bindings are compared next, unix milliseconds. */
  readonly nextAtMs: number | undefined;
  readonly hasApp: boolean;
}

export function eventBindingsView({ wanted, bound, nextAtMs, hasApp }: PortalBindings): EventBindingsView {
  const state = stateOf(wanted, bound, hasApp);
  const { count = 0, refused = [], failure, times, atMs } = bound ?? {};
  return {
    state,
    detail: state === 'failing' && failure !== undefined ? failureWords(failure) : sentences[state],
    wanted: [...wanted],
    bound: count,
    refused: [...refused],
    ...(state === 'failing' && { code: failure, failures: times }),
    ...(atMs !== undefined && { checkedAt: isoTime(atMs) }),
    ...(nextAtMs !== undefined && { nextCheckAt: isoTime(nextAtMs) }),
  };
}

const sentences: Readonly<Record<(typeof states)[number], string>> = {
  none: 'No subscription wants events of this portal.',
  no_app: 'The portal is connected by an incoming webhook, which sends no events. Install the app there.',
  pending: 'The events are not bound yet.',
  failing: 'The events could not be bound.',
  bound: 'The portal sends its events.',
};

function stateOf(wanted: readonly string[], bound: BoundEvents | undefined, hasApp: boolean): keyof typeof sentences {
  if (wanted.length === 0) return 'none';
  if (!hasApp) return 'no_app';
  if (bound?.failure !== undefined) return 'failing';
  return bound?.wanted === wanted.join(',') ? 'bound' : 'pending';
}

function failureWords(code: string): string {
  const { title, advice } = faultTable[code as FaultCode];
  return `The events could not be bound: ${title}. ${advice}`;
}
