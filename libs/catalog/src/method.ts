import type { FieldRecords, MethodEffect, MethodRecord } from './method-record';

/** The facts of one method of the vendor. */
export interface Method {
  /** As the vendor writes it, such as `tasks.task.list`. */
  readonly name: string;
  readonly effect: MethodEffect;
  /** Permissions of which one is needed; empty if none is. */
  readonly scopes: readonly string[];
  /** Only an app can call it, no webhook. */
  readonly needsApp: boolean;
  readonly needsAdministrator: boolean;
  /** False if no batch can carry it. */
  readonly isBatchable: boolean;
  /** The methods to use instead, as far as they are known; undefined for a method that is not deprecated. */
  readonly deprecatedFor: readonly string[] | undefined;
  /** Undefined if they are not documented. */
  readonly params: FieldRecords | undefined;
  /** Documented error codes by HTTP status; 0: no status is documented. */
  readonly errors: Readonly<Record<string, readonly string[]>>;
  /** The address of its page. */
  readonly page: string;
}

/** Returns what a caller must know besides the permissions, a sentence each. */
export function needsOf({ needsApp, needsAdministrator, isBatchable }: Method): string[] {
  return [
    ...(needsApp ? ['Needs an app; a webhook cannot call it.'] : []),
    ...(needsAdministrator ? ['Needs an administrator of the portal.'] : []),
    ...(isBatchable ? [] : ['No batch can carry it.']),
  ];
}

export function methodOf(name: string, record: MethodRecord, site: string): Method {
  const { scope = [], effect, app, administrator, batch, deprecated, params, errors = {}, page } = record;
  return {
    name,
    effect,
    scopes: typeof scope === 'string' ? [scope] : scope,
    needsApp: app ?? false,
    needsAdministrator: administrator ?? false,
    isBatchable: batch ?? true,
    deprecatedFor: deprecated,
    params,
    errors,
    page: `${site}${page}.html`,
  };
}
