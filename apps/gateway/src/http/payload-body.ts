import { type Bytes, Fault, readJsonBytes } from '@b24/portal';

const payloads = new WeakSet<object>();

/**
 * Parses the body of a request that carries parameters for a portal, without loss. Undefined for an empty body.
 * @throws Fault invalid_request when it is not JSON
 */
export function parsePayload(bytes: Bytes): unknown {
  if (bytes.length === 0) return undefined;
  const value = parsed(bytes);
  return typeof value === 'object' && value !== null ? asPayload(value) : value;
}

/** Marks a body as parameters for a portal. */
export function asPayload<T extends object>(body: T): T {
  payloads.add(body);
  return body;
}

/** Returns whether a body was parsed by `parsePayload`: it may have any depth and any names below its own fields. */
export function isPayload(body: unknown): boolean {
  return typeof body === 'object' && body !== null && payloads.has(body);
}

function parsed(bytes: Bytes): unknown {
  try {
    return readJsonBytes(bytes);
  } catch {
    throw new Fault('invalid_request', { detail: 'The body is not JSON in UTF-8, or has more than 512 levels.' });
  }
}
