import { createHash } from 'node:crypto';
import type { PortalId, Scrubber } from '@b24/portal';

/** An event of a portal that has proved itself. */
export interface PortalEvent {
  readonly event: string;
  readonly portal: { readonly memberId: PortalId; readonly domain: string };
  /** Unix milliseconds. */
  readonly receivedAtMs: number;
  /** When the portal says that it happened, unix seconds. */
  readonly ts?: number;
  /** As the portal's form has it: texts, and maps of them. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a target is sent, word for word at every try. */
export interface EventMessage {
  /** The same for each delivery of one event, also when Bitrix24 sends it twice. */
  readonly id: string;
  readonly event: string;
  readonly portal: { readonly memberId: string; readonly domain: string };
  readonly receivedAt: string;
  readonly ts: number | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** @param scrubber knows the secrets that must not go on, whatever they are called and however they are written */
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

/** Bots' events carry tokens in their data as well, as `data[BOT][39][access_token]`. */
const namesOfSecrets = /^(auth|.*token|.*secret|refresh_id|auth_id)$/i;

function withoutNamedSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const stored = Object.entries(value).filter(([name]) => !namesOfSecrets.test(name));
  return Object.fromEntries(stored.map(([name, inner]) => [name, withoutNamedSecrets(inner)]));
}

/** The order of its fields is not what makes an event another one. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, inner]) => [name, sorted(inner)]);
}
