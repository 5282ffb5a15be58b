import type { AuditLog } from '@b24/access';
import { isAppId } from '@b24/grants';
import { asFault, Fault, faultTable, isPortalId } from '@b24/portal';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { onlyReads } from '../api/calls/any-method';
import type { PortalDirectory } from '../api/portals/portal-directory';
import type { GatewayRequest, AuditContext } from './caller';
import { type AuditFields, auditFieldsOf } from './audit-fields';
import { sourceOf } from './source';
import { fieldOf, textOf } from './unread';

/** The trail of a write, for what only the controller knows: the id of what it made. */
export const FromAuditContext = createParamDecorator((_: unknown, context: ExecutionContext): AuditContext => {
  const { auditContext: trail } = context.switchToHttp().getRequest<GatewayRequest>();
  if (!trail) throw new Fault('internal_error', { detail: 'A write without a trail.' });
  return trail;
});

/**
 * Undefined for reads. The portal is looked up now, since it may be forgotten by the time the entry is written, but
 * nobody waits for it.
 */
export function startAudit(
  { onlyReads, params }: Pick<GatewayRequest, 'onlyReads' | 'params'>,
  action: string,
  portals: PortalDirectory,
  fields: AuditFields = auditFieldsOf(undefined),
): AuditContext | undefined {
  if (onlyReads) return undefined;
  const portal = textOf(params, 'portal');
  const found = portal === undefined ? Promise.resolve(undefined) : portals.find(portal).catch(() => undefined);
  return { action, portal: found, fields, ids: {} };
}

/** Writes down how a write was answered, also to a caller who hung up. What nobody known sent is not written down. */
export function finishAudit(audit: AuditLog, atMs: number, request: GatewayRequest, reply: FastifyReply): void {
  const { auditContext: trail, client, faultCode, id: requestId } = request;
  if (!trail || !client) return;
  delete request.auditContext;
  const ids = { ...idsOf(request.params, request.body, trail.fields), ...trail.ids, ...replayed(reply) };
  // A tool that is refused is an answer of 200 all the same.
  const status = faultCode ? faultTable[faultCode].status : reply.statusCode;
  const source = sourceOf(request);
  const known = { atMs, actor: client.id, name: client.name, action: trail.action, status, requestId };
  void trail.portal.then((portal) => {
    audit.record({ ...known, ...(portal && { portal }), outcome: faultCode ?? 'done', source, ids });
  });
}

/** Names of methods that one entry holds. */
const maxMethods = 20;
const mayHaveRun: ReadonlySet<string> = new Set(['done', 'outcome_unknown', 'portal_error', 'answer_too_large']);

/**
 * The methods that were run on the portal, or may have been, of those that write. Method i came to outcome i. A name
 * that the portal did not run may be anybody's words, and is not written down.
 */
export function methodsRun(methods: readonly string[], outcomes: readonly string[]): AuditContext['ids'] {
  const run = methods.filter((method, i) => !onlyReads(method) && mayHaveRun.has(outcomes[i] ?? ''));
  if (run.length === 0) return {};
  const names = [...new Set(run)];
  const more = names.length > maxMethods ? `, and ${names.length - maxMethods} more` : '';
  const method = `${names.slice(0, maxMethods).join(', ')}${more}`;
  return run.length === 1 ? { method } : { writes: run.length, method };
}

/** Names what a write runs in its trail, once it was run or may have been. */
export async function noting<T>(trail: AuditContext | undefined, method: string, run: () => Promise<T>): Promise<T> {
  const note = (outcome: string) => Object.assign(trail?.ids ?? {}, methodsRun([method], [outcome]));
  try {
    const result = await run();
    note('done');
    return result;
  } catch (error) {
    note(asFault(error).code);
    throw error;
  }
}

/** Returns what the audit log records of a write: ids of its path and fields of its body, which may not be validated yet. */
export function idsOf(params: unknown, body: unknown, { byValue, byPresence }: AuditFields): AuditContext['ids'] {
  const { id, app, deadLetterId, ...others } = textsOf(params);
  const values = byValue.flatMap((name) => {
    const value = fieldOf(body, name);
    return typeof value === 'number' || typeof value === 'boolean' ? [[name, value] as const] : [];
  });
  const presence = byPresence.flatMap((name) => {
    const value = fieldOf(body, name);
    return value === undefined ? [] : [[name, value === null ? 'removed' : 'set'] as const];
  });
  return {
    ...Object.fromEntries(Object.entries(others).flatMap(([name, text]) => idIn(name, text))),
    ...(id && (/^c_[0-9a-f]{16}$/.test(id) || isPortalId(id)) && { clientId: id }),
    ...(app && isAppId(app) && { app }),
    ...(id && /^s_[0-9a-f]{16}$/.test(id) && { subscriptionId: id }),
    ...(deadLetterId && /^d_[0-9a-f]{16}$/.test(deadLetterId) && { deadLetterId }),
    ...Object.fromEntries(values),
    ...Object.fromEntries(presence),
  };
}

function textsOf(params: unknown): Record<string, string | undefined> {
  const all = Object.entries(typeof params === 'object' && params !== null ? params : {}) as [string, unknown][];
  return Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Of a path: `backlogId`, `taskId` and their like. */
function idIn(name: string, text = ''): (readonly [string, number])[] {
  return name.endsWith('Id') && /^\d{1,16}$/.test(text) ? [[name, Number(text)]] : [];
}

function replayed(reply: FastifyReply): AuditContext['ids'] {
  return reply.hasHeader('Idempotent-Replayed') ? { replayed: true } : {};
}
