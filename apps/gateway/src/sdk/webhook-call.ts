import type { Command } from '@b24/portal';
import { anyCommand, methodName, onlyReads } from '../calls/any-method';
import type { Params } from './php-params';

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
const innerName = /^[a-z][\w.]*$/i;

/** The command that it asks for; undefined when there can be no such method. */
export function webhookCommand(method: string, given: Params): Command | undefined {
  const params = Object.fromEntries(Object.entries(given).filter(([name]) => !dropped.test(name)));
  if (method.toLowerCase() === 'batch') return batchCommand(params);
  return methodName.safeParse(method).success && !/\.xml$/i.test(method) ? anyCommand(method, params) : undefined;
}

/** A batch with the caller's own names, `halt` and references, which goes as it came. */
function batchCommand(params: Params): Command | undefined {
  const { cmd } = params;
  const commands = Object.entries(typeof cmd === 'object' && cmd !== null ? cmd : {}) as [string, unknown][];
  // The vendor passes over in silence what is no text.
  const inside = commands.flatMap(([name, it]) =>
    typeof it === 'string' ? [{ name, method: it.replace(/[?#].*$/s, '') }] : [],
  );
  // What can't be a method's name can't be held against a key's patterns.
  if (!inside.every((it) => innerName.test(it.method))) return undefined;
  const effect = inside.every((it) => onlyReads(it.method)) ? 'read' : 'write';
  return { method: 'batch', params, effect, inside };
}
