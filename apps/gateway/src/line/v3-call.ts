import { type Command, entriesOf, Fault, isMethodName } from '@b24/portal';
import { isReadMethod } from './any-method';

/** A call to version 3 of the API. */
export interface V3Call {
  readonly method: string;
  /** An object, or for `batch` the list of commands. */
  readonly body: unknown;
  /** Forwarded: the portal repeats the answer to an earlier write with this key. */
  readonly idempotencyKey?: string | undefined;
}

const maxCommands = 50;
const isBatch = (method: string) => method.toLowerCase() === 'batch';

/** Returns whether a text names a method of version 3, or its `batch`. */
export function isV3Method(method: string): boolean {
  return isBatch(method) || isMethodName(method);
}

/**
 * Returns the command of a call to version 3. A batch runs all of its commands or none, so it is sent as it is.
 * @throws Fault invalid_request for a body without the shape of its method
 */
export function v3Command({ method, body: given = {}, idempotencyKey }: V3Call): Command {
  const body = isBatch(method) ? asList(given) : given;
  if (typeof body !== 'object' || body === null || Array.isArray(body) !== isBatch(method))
    throw invalid(isBatch(method) ? 'The body must be a list of commands.' : 'The body must be a JSON object.');
  const v3 = { body, ...(idempotencyKey !== undefined && { idempotencyKey }) };
  if (!Array.isArray(body)) {
    const reserved = Object.keys(body).find((name) => /^(?:auth|access_token)$/i.test(name));
    if (reserved !== undefined) throw invalid(`\`${reserved}\` is reserved: the gateway sets it itself.`);
    return { method, params: {}, v3, effect: isReadMethod(method) ? 'read' : 'write' };
  }
  const inside = body.map((command: unknown, i) => ({ name: String(i), method: methodOf(command, i) }));
  if (inside.length === 0 || inside.length > maxCommands) throw invalid(`A batch has 1 to ${maxCommands} commands.`);
  const effect = inside.every((it) => isReadMethod(it.method)) ? 'read' : 'write';
  return { method, params: {}, v3, inside, effect };
}

/** PHP reads the map `{"0": …, "1": …}` as a list; b24jssdk sends one. */
function asList(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  return entriesOf(body).every(([name], i) => name === String(i)) ? Object.values(body) : body;
}

function methodOf(command: unknown, index: number): string {
  const { method } = (command ?? {}) as { readonly method?: unknown };
  if (typeof method === 'string' && isMethodName(method)) return method;
  throw invalid('Must be the name of one method.', `${index}.method`);
}

function invalid(message: string, path = ''): Fault {
  const detail = path === '' ? message : `\`${path}\`: ${message}`;
  return new Fault('invalid_request', { errors: [{ path, message }], detail });
}
