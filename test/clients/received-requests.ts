import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { jsonMembers } from './json-members';

/** A record of the simulator; `received` is the exact JSON text of the parameters. */
type RecordedRequest = SimulatedPortal['requests'][number] & { readonly received?: string };

/** The portal's own credentials and the SDK's telemetry, which the gateway does not send on (docs/sdk.md). */
const notCompared = /^(?:auth|access_token|bx24_\w+)$/;

/** The requests of a portal in order, one line each: the method and its parameters; commands of a batch are indented. */
export function receivedRequests(portal: SimulatedPortal): string[] {
  return (portal.requests as RecordedRequest[]).map(
    ({ batchOf, method, params, received }) =>
      `${batchOf === undefined ? '' : '  '}${method} ${comparable(method, received ?? JSON.stringify(asPhp(params)))}`,
  );
}

/** A batch has the names `halt` and `cmd` only, in any order. PHP writes an empty array as `[]`. */
function comparable(method: string, text: string): string {
  if (!text.startsWith('{')) return text;
  const members = jsonMembers(text).filter(([name]) => !notCompared.test(name));
  const compared =
    method === 'batch'
      ? members
          .filter(([name]) => /^(?:halt|cmd)$/.test(name))
          .sort()
          .reverse()
      : members;
  const written = compared.map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  return written.length === 0 ? '[]' : `{${written.join(',')}}`;
}

/** PHP has one kind of array: keys 0..n in order are a list. */
function asPhp(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.every(([key], i) => key === `${i}`)) return entries.map(([, inner]) => asPhp(inner));
  return Object.fromEntries(entries.map(([key, inner]) => [key, asPhp(inner)]));
}
