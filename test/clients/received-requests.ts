import type { SimulatedPortal } from '../../apps/portal-simulator/src';

/** A record of the simulator; `received` is the exact JSON text of the parameters. */
type RecordedRequest = SimulatedPortal['requests'][number] & { readonly received?: string };

/** What only the portal's own credentials or the SDK's telemetry may differ in (docs/sdk.md). */
const notCompared = /"(?:auth|access_token|bx24_[a-z_]+)":"[^"]*",?/g;

/** The requests of a portal in order, one line each: the method and its parameters; commands of a batch are indented. */
export function receivedRequests(portal: SimulatedPortal): string[] {
  return (portal.requests as RecordedRequest[]).map(
    ({ batchOf, method, params, received }) =>
      `${batchOf === undefined ? '' : '  '}${method} ${comparable(received ?? JSON.stringify(asPhp(params)))}`,
  );
}

/** PHP writes an empty array as `[]`. */
function comparable(text: string): string {
  const compared = text.replace(notCompared, '').replace(/,}/g, '}');
  return compared === '{}' ? '[]' : compared;
}

/** PHP has one kind of array: keys 0..n in order are a list. */
function asPhp(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.every(([key], i) => key === `${i}`)) return entries.map(([, inner]) => asPhp(inner));
  return Object.fromEntries(entries.map(([key, inner]) => [key, asPhp(inner)]));
}
