import { createHash } from 'node:crypto';
import type { PortalId, Scrubber } from '@b24/portal';

/** An event from a portal whose application token was verified. */
export interface PortalEvent {
  readonly event: string;
  readonly portal: { readonly memberId: PortalId; readonly domain: string };
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
  /** Unix seconds, as the portal reports. */
  readonly ts?: number;
  /** The data of the form: strings, and maps of them. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The message to a target, identical in every attempt. */
export interface EventMessage {
  /** The same for every delivery of an event, even if Bitrix24 sends it twice. */
  readonly id: string;
  readonly event: string;
  readonly portal: { readonly memberId: string; readonly domain: string };
  readonly receivedAt: string;
  readonly ts: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Makes the message of an event. @param scrubber removes secrets under any name and in any encoding */
export function messageOf(event: PortalEvent, scrubber: Scrubber): EventMessage {
  const { portal, ts, receivedAtMs } = event;
  const name = scrubber.text(event.event);
  const data = scrubber.value(withoutNamedSecrets(event.data)) as EventMessage['data'];
  const said = JSON.stringify([portal.memberId, name, ts ?? null, sorted(data)]);
  return {
    id: `msg_${createHash('sha256').update(said).digest('hex').slice(0, 32)}`,
    event: name,
    portal,
    receivedAt: new Date(receivedAtMs).toISOString(),
    ts: ts ?? null,
    data,
  };
}

/** The events of bots also carry tokens in their data, for example `data[BOT][39][access_token]`. */
const namesOfSecrets = /^(auth|.*token|.*secret|refresh_id|auth_id)$/i;

function withoutNamedSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const stored = Object.entries(value).filter(([name]) => !namesOfSecrets.test(name));
  return Object.fromEntries(stored.map(([name, inner]) => [name, withoutNamedSecrets(inner)]));
}

/** The order of fields does not distinguish events. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, sorted(inner)]);
}
