import type { AuditLog } from '@b24/access';
import { isAppId } from '@b24/grants';
import { asFault, Fault, faultTable, isPortalId } from '@b24/portal';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isReadMethod } from '../line/any-method';
import type { AuditFields } from './audit-fields';
import type { AuditContext } from './request-scope';
import { sourceOf } from './source-address';
import { fieldOf } from './unvalidated-fields';

/**
 * Returns the audit context of a write, for facts that only the controller knows, such as the id of what it created.
 */
export const FromAuditContext = createParamDecorator((_: unknown, context: ExecutionContext): AuditContext => {
  const { audit } = context.switchToHttp().getRequest<FastifyRequest>().scope;
  if (!audit) throw new Fault('internal_error', { detail: 'A write without an audit context.' });
  return audit;
});

/** Records the outcome of a write, even if the caller hung up. Records nothing without an authenticated client. */
export function finishAudit(log: AuditLog, request: FastifyRequest, reply: FastifyReply): void {
  const { audit, client, faultCode, clock } = request.scope;
  if (!audit || !client) return;
  request.scope.audit = undefined;
  const ids = { ...idsOf(request.params, request.body, audit.fields), ...audit.ids, ...replayed(reply) };
  // A refused tool call is also answered with 200.
  const status = faultCode ? faultTable[faultCode].status : reply.statusCode;
  const actor = { atMs: clock.now(), actor: client.id, name: client.name, source: sourceOf(request) };
  const outcome = faultCode ?? ('done' as const);
  const entry = { ...actor, action: audit.action, status, requestId: request.id, outcome, ids };
  void audit.portal.then((portal) => {
    log.record({ ...entry, ...(portal && { portal }) });
  });
}

/** Maximum method names in one entry. */
const maxMethods = 20;
const mayHaveRun: ReadonlySet<string> = new Set(['done', 'outcome_unknown', 'portal_error', 'answer_too_large']);

/**
 * Returns the writing methods that the portal executed or may have executed; outcome i is that of method i. A name that
 * the portal did not execute may be any text, so it is left out.
 */
export function executedMethods(methods: readonly string[], outcomes: readonly string[]): AuditContext['ids'] {
  const run = methods.filter((method, i) => !isReadMethod(method) && mayHaveRun.has(outcomes[i] ?? ''));
  if (run.length === 0) return {};
  const names = [...new Set(run)];
  const more = names.length > maxMethods ? `, and ${names.length - maxMethods} more` : '';
  const method = `${names.slice(0, maxMethods).join(', ')}${more}`;
  return run.length === 1 ? { method } : { writes: run.length, method };
}

/**
 * Runs methods and records in the audit context the names of those that were or may have been executed.
 * @param outcomesOf outcome i is that of method i
 */
export async function recordingMethods<T>(
  audit: AuditContext | undefined,
  methods: readonly string[],
  run: () => Promise<T>,
  outcomesOf: (result: T) => readonly string[],
): Promise<T> {
  const record = (outcomes: readonly string[]) => Object.assign(audit?.ids ?? {}, executedMethods(methods, outcomes));
  try {
    const result = await run();
    record(outcomesOf(result));
    return result;
  } catch (error) {
    const { code } = asFault(error);
    record(methods.map(() => code));
    throw error;
  }
}

/** Returns what the audit log records of a write: ids of its path and fields of its body, which may not be validated yet. */
export function idsOf(params: unknown, body: unknown, { byValue, byPresence }: AuditFields): AuditContext['ids'] {
  const { id, app, deadLetterId, assistantId, ...others } = textsOf(params);
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
    ...(assistantId && /^as_[0-9a-f]{16}$/.test(assistantId) && { assistantId }),
    ...(deadLetterId && /^d_[0-9a-f]{16}$/.test(deadLetterId) && { deadLetterId }),
    ...Object.fromEntries(values),
    ...Object.fromEntries(presence),
  };
}

function textsOf(params: unknown): Record<string, string | undefined> {
  const all = Object.entries(typeof params === 'object' && params !== null ? params : {}) as [string, unknown][];
  return Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Parameters of a path, such as `backlogId` and `taskId`. */
function idIn(name: string, text = ''): (readonly [string, number])[] {
  return name.endsWith('Id') && /^\d{1,16}$/.test(text) ? [[name, Number(text)]] : [];
}

function replayed(reply: FastifyReply): AuditContext['ids'] {
  return reply.hasHeader('Idempotent-Replayed') ? { replayed: true } : {};
}
