import { checkAccess, type Scope } from '@b24/access';
import { Fault, type PortalId } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import { type AuditFields, auditFieldsOf } from './audit-fields';
import type { AuditContext } from './request-scope';

/** An operation as an entrance knows it before a schema has seen its input. */
export interface StartedOperation {
  /** Its name in the audit log. */
  readonly action: string;
  /** Checked now. Absent where the line checks it together with the portal, which a key may not learn of. */
  readonly scope?: Scope;
  readonly isRead: boolean;
  /** The fields of the body that the audit log records; none by default. */
  readonly fields?: AuditFields;
  /** What the audit log records besides, known from the start. */
  readonly ids?: AuditContext['ids'];
  /** Looks up the portal that a write concerns; its failure is not the caller's. */
  readonly findPortal?: () => Promise<PortalId>;
}

/**
 * Starts an operation of an authenticated client, whichever entrance it came by: starts the audit of a write, then checks
 * the client's scope. The portal is looked up now, because it may be gone when the entry is recorded; nobody waits for it.
 * @throws Fault key_missing, not_allowed
 */
export function startOperation(request: FastifyRequest, operation: StartedOperation): void {
  const { scope } = request;
  if (!scope.client) throw new Fault('key_missing');
  const { action, isRead, fields = auditFieldsOf(undefined), ids, findPortal } = operation;
  scope.isRead = isRead;
  if (!isRead) {
    const portal = findPortal?.().catch(() => undefined) ?? Promise.resolve(undefined);
    scope.audit = { action, portal, fields, ids: { ...ids } };
  }
  if (operation.scope) checkAccess(scope.client, { scope: operation.scope });
}
