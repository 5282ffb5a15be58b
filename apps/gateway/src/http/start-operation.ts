import { checkAccess, type Scope } from '@b24/access';
import { Fault, type PortalId } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import { type AuditFields, auditFieldsOf } from './audit-fields';
import type { AuditContext, RequestScope } from './request-scope';
import { checkRole } from './role-rules';

/** An operation as its entry point knows it before a schema has validated the input. */
export interface StartedOperation {
  /** Its name in the audit log. */
  readonly action: string;
  /** Checked now. Absent if the call checks it together with the portal, about which a key may learn nothing. */
  readonly scope?: Scope;
  readonly isRead: boolean;
  /** The fields of the body that the audit log records; none by default. */
  readonly fields?: AuditFields;
  /** Further fields of the audit entry that are known from the start. */
  readonly ids?: AuditContext['ids'];
  /** Looks up the portal that a write concerns. A failed lookup does not fail the request. */
  readonly findPortal?: () => Promise<PortalId>;
}

/**
 * Starts an operation of an authenticated client, at any entry point: starts the audit of a write, then checks the
 * client's scope, or the role of a person. The portal is looked up now, without waiting for it, because it may be deleted before the entry is
 * recorded.
 * @throws Fault key_missing, not_allowed
 */
export function startOperation(request: FastifyRequest, operation: StartedOperation): void {
  const { scope } = request;
  if (!scope.client) throw new Fault('key_missing');
  const { isRead } = operation;
  scope.isRead = isRead;
  scope.calls.operation = operation.action;
  if (!isRead) {
    const { action, fields = auditFieldsOf(undefined), ids, findPortal } = operation;
    const portal = findPortal?.().catch(() => undefined) ?? Promise.resolve(undefined);
    scope.audit = { action, portal, fields, ids: { ...ids, ...assistantIds(scope) } };
  }
  const { client } = scope;
  if (client.person) checkRole(client.person, operation.action, request.body);
  else if (operation.scope) checkAccess(client, { scope: operation.scope });
}

/** An assistant writes in the name of its client. */
function assistantIds({ assistant }: RequestScope): AuditContext['ids'] {
  return assistant ? { assistantId: assistant.id, assistant: assistant.name } : {};
}
