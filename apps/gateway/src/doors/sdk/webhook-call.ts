import { type Command, Fault, isMethodName } from '@b24/portal';
import { anyCommand, isReadMethod } from '../../line/any-method';
import type { PhpParams } from './php-params';

/** A request to an incoming webhook, taken apart. */
export interface WebhookUrl {
  /** A client's key in the place of the webhook's secret; whose user it names does not matter. */
  readonly key: string;
  readonly method: string;
}

/** What stands behind `/rest/`: `1/{key}/crm.deal.list.json`. Undefined when it is no webhook's. */
export function webhookUrl(path: string): WebhookUrl | undefined {
  const [userId = '', key = '', method = '', ...more] = path.split('/').filter(Boolean);
  if (!/^\d+$/.test(userId) || key === '' || more.length > 0) return undefined;
  return { key, method: method.replace(/\.json$/i, '') };
}

/** An SDK's own telemetry, and what the gateway sets itself. */
const dropped = /^(?:auth|access_token|auth_connector|state|token|bx24_request_id|bx24_sdk_ver|bx24_sdk_type)$/i;

/** The command that it asks for; undefined when there can be no such method. */
export function webhookCommand(method: string, given: PhpParams): Command | undefined {
  if (method.toLowerCase() === 'batch') return batchCommand(given);
  const params = Object.fromEntries(Object.entries(given).filter(([name]) => !dropped.test(name)));
  return isMethodName(method) ? anyCommand(method, params) : undefined;
}

/** The vendor runs the first 50 and refuses the rest one by one; nobody means more than this. */
const maxCommands = 500;

/**
 * A batch with the caller's own names, `halt` and references. The vendor folds the names of a batch's own parameters to
 * one case, the last of two counts, and skips commands that are no text. What is sent is what was read here, no more.
 */
function batchCommand(given: PhpParams): Command | undefined {
  const own = new Map(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  const cmd = own.get('cmd');
  const all = Object.entries(typeof cmd === 'object' && cmd !== null ? cmd : {}) as [string, unknown][];
  const commands = all.filter((it): it is [string, string] => typeof it[1] === 'string');
  if (all.length > maxCommands)
    throw new Fault('invalid_request', { detail: `The batch has more than ${maxCommands} commands.` });
  if (commands.length === 0) throw new Fault('invalid_request', { detail: 'The batch has no command in `cmd`.' });
  const inside = commands.map(([name, text]) => ({ name, method: text.split(/[?#]/, 1)[0] ?? '' }));
  // A command that names no method could not be held against a key's patterns.
  if (!inside.every((it) => isMethodName(it.method))) return undefined;
  const effect = inside.every((it) => isReadMethod(it.method)) ? 'read' : 'write';
  const params = { ...(own.has('halt') && { halt: own.get('halt') }), cmd: Object.fromEntries(commands) };
  return { method: 'batch', params, effect, inside };
}
