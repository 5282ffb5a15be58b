import { type Command, Fault, isMethodName } from '@b24/portal';
import { anyCommand, isReadMethod } from '../../line/any-method';
import type { PhpParams } from './php-params';

/** The parsed URL of an incoming webhook. */
export interface WebhookUrl {
  /** A client's key in place of the webhook's secret. The user id in the URL is ignored. */
  readonly key: string;
  readonly method: string;
}

/** Parses the path after `/rest/`: `1/{key}/crm.deal.list.json`. Undefined if it is not a webhook's path. */
export function webhookUrl(path: string): WebhookUrl | undefined {
  const [userId = '', key = '', method = '', ...more] = path.split('/').filter(Boolean);
  if (!/^\d+$/.test(userId) || key === '' || more.length > 0) return undefined;
  return { key, method: method.replace(/\.json$/i, '') };
}

/** Parameters of an SDK's telemetry, and those that the gateway sets itself. */
const dropped = /^(?:auth|access_token|auth_connector|state|token|bx24_request_id|bx24_sdk_ver|bx24_sdk_type)$/i;

/** Returns the command of a call; undefined if there is no such method name. */
export function webhookCommand(method: string, given: PhpParams): Command | undefined {
  if (method.toLowerCase() === 'batch') return batchCommand(given);
  const params = Object.fromEntries(Object.entries(given).filter(([name]) => !dropped.test(name)));
  return isMethodName(method) ? anyCommand(method, params) : undefined;
}

/** Bitrix24 runs the first 50 commands and refuses the rest; a longer batch than this is an error. */
const maxCommands = 500;

/**
 * Parses a batch with the caller's own names, `halt` and references. Bitrix24 ignores the case of a batch's own
 * parameters, uses the last of two and skips commands that are not strings. Only the parsed fields are sent.
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
  // A command without a method name cannot be checked against a key's patterns.
  if (!inside.every((it) => isMethodName(it.method))) return undefined;
  const effect = inside.every((it) => isReadMethod(it.method)) ? 'read' : 'write';
  const params = { ...(own.has('halt') && { halt: own.get('halt') }), cmd: Object.fromEntries(commands) };
  return { method: 'batch', params, effect, inside };
}
