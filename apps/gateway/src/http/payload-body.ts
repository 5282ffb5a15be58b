import { type Bytes, Fault, readJsonBytes } from '@b24/portal';

const payloads = new WeakSet<object>();

/**
 * Parses the body of a request that carries parameters for a portal, without loss. Undefined for an empty body.
 * @throws Fault invalid_request when it is not JSON
 */
export function parsePayload(bytes: Bytes): unknown {
  if (bytes.length === 0) return undefined;
  const value = readJsonBody(bytes);
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

/** @throws Fault invalid_request when the body is not JSON */
export function readJsonBody(bytes: Bytes): unknown {
  try {
    return readJsonBytes(bytes);
  } catch {
    const detail =
      'The body is not JSON in UTF-8, or has more than 512 levels or 200,000 values: Bitrix24 would read no parameter of it.';
    throw new Fault('invalid_request', { detail });
  }
}
