import {
  type Command,
  entriesOf,
  Fault,
  isMethodName,
  JsonNumber,
  LongText,
  methodOfBatchCommand,
  orderedObject,
} from '@b24/portal';
import type { PhpParams } from '../../http/php-params';
import { anyCommand, isReadMethod } from '../../line/any-method';

/** The parsed URL of an incoming webhook. */
export interface WebhookUrl {
  /** A client's key in place of the webhook's secret. The user id in the URL is ignored. */
  readonly key: string;
  readonly method: string;
  /** Set for version 3 of the API, `/rest/api/`. */
  readonly isV3?: true;
}

/**
 * Parses the path after `/rest/`: `1/{key}/crm.deal.list.json`, or `api/1/{key}/main.eventlog.list`. Undefined if it is
 * not a webhook's path.
 */
export function webhookUrl(path: string): WebhookUrl | undefined {
  const parts = path.split('/').filter(Boolean);
  const isV3 = parts[0] === 'api';
  const [userId = '', key = '', method = '', ...more] = isV3 ? parts.slice(1) : parts;
  if (!/^\d+$/.test(userId) || key === '' || more.length > 0) return undefined;
  return isV3 ? { key, method, isV3 } : { key, method: method.replace(/\.json$/i, '') };
}

/** Parameters of an SDK's telemetry, and those in which the vendor takes a token. */
const dropped = /^(?:auth|access_token|bx24_request_id|bx24_sdk_ver|bx24_sdk_type)$/i;

/** A command of a batch, and the vendor's error for it. */
interface RefusedCommand {
  readonly name: string;
  readonly error: { readonly error: string; readonly error_description: string };
}

/** A call as it is sent. */
export interface WebhookCall {
  readonly command: Command;
  /** Of a batch: the commands that are not sent, because they name no method. */
  readonly refused: readonly RefusedCommand[];
  /** Of a batch: whether it ends at its first error. */
  readonly halts?: boolean;
}

/** Returns the call of a request; undefined if there is no such method name. */
export function webhookCall(method: string, given: PhpParams): WebhookCall | undefined {
  if (method.toLowerCase() === 'batch') return batchCall(given);
  const params = orderedObject(entriesOf(given).filter(([name]) => !dropped.test(name)));
  return isMethodName(method) ? { command: anyCommand(method, params), refused: [] } : undefined;
}

/** Bitrix24 runs the first 50 commands and refuses the rest; a longer batch than this is an error. */
const maxCommands = 500;

/**
 * Parses a batch with the caller's own names, `halt` and references. Bitrix24 ignores the case of a batch's own
 * parameters, uses the last of two and skips commands that are not strings. Only the parsed fields are sent. A command
 * without the name of a method is refused alone; with `halt` those after it are not run.
 */
function batchCall(given: PhpParams): WebhookCall {
  const own = new Map(entriesOf(given).map(([name, value]) => [name.toLowerCase(), value]));
  const cmd = own.get('cmd');
  const all = isMap(cmd) ? entriesOf(cmd) : [];
  if (all.length > maxCommands)
    throw new Fault('invalid_request', { detail: `The batch has more than ${maxCommands} commands.` });
  const commands = all.flatMap(([name, text]) => {
    const method = methodOfBatchCommand(text);
    return method === undefined ? [] : [{ name, text, method }];
  });
  if (commands.length === 0) throw new Fault('invalid_request', { detail: 'The batch has no command in `cmd`.' });
  const halt = own.get('halt');
  const odd = commands.findIndex(({ method }) => !isMethodName(method));
  const reached = isTrue(halt) && odd >= 0 ? commands.slice(0, odd + 1) : commands;
  const inside = reached.filter(({ method }) => isMethodName(method));
  const effect = inside.every(({ method }) => isReadMethod(method)) ? 'read' : 'write';
  const cmdSent = orderedObject(inside.map(({ name, text }) => [name, text]));
  const params = { ...(own.has('halt') && { halt }), cmd: cmdSent };
  const command: Command = {
    ...{ method: 'batch', params, effect },
    inside: inside.map(({ name, method }) => ({ name, method })),
  };
  return {
    command,
    halts: isTrue(halt),
    refused: reached.flatMap(({ name, method }) => (isMethodName(method) ? [] : [refusedCommand(name, method)])),
  };
}

function refusedCommand(name: string, method: string): RefusedCommand {
  const error = /^(?:batch|download|upload)$/i.test(method)
    ? { error: 'ERROR_BATCH_METHOD_NOT_ALLOWED', error_description: 'Method is not allowed for batch usage' }
    : { error: 'ERROR_METHOD_NOT_FOUND', error_description: 'Method not found!' };
  return { name, error };
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(value instanceof LongText) && !(value instanceof JsonNumber);
}

/** PHP's idea of a true value, as far as `halt` has one. */
function isTrue(value: unknown): boolean {
  if (value instanceof JsonNumber) return Number(value) !== 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value) && value !== '0';
}
