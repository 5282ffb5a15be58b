import type { Scope } from '@b24/access';
import { RouteConfig } from '@nestjs/platform-fastify';
import { SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { PortalDirectory } from '../line/portal-directory';
import { type AuditFields, auditFieldsMetadata } from './audit-fields';
import type { Door } from './door';
import { startOperation } from './start-operation';
import { textOf } from './unvalidated-fields';

export const operationMetadata = 'b24:operation';

/** A request before its schema validates it: read it with `unvalidated-fields.ts`. */
export interface UnvalidatedRequest {
  readonly params: unknown;
  readonly body: unknown;
}

/** An operation as its route knows it. */
export interface OperationRoute {
  /** Its name in the audit log. */
  readonly action: string;
  /** The scope that the key must have. Access to a portal is checked where the portal is known. */
  readonly scope?: Scope;
  /** The parameter of the path that names a client, if that client needs no scope. */
  readonly ownClientIn?: string;
  /** Whether a request only reads although its verb writes. */
  readonly onlyReads?: (request: UnvalidatedRequest) => boolean;
  /** The fields of the body that the audit log records. */
  readonly fields?: AuditFields;
}

interface WithOperation {
  readonly operation?: OperationRoute;
}

/** Sets the door and the operation of a controller's method. Its audit fields are set before. */
export function RouteOf(door: Door, operation: OperationRoute): MethodDecorator {
  return (target, key, descriptor) => {
    const fields = Reflect.getMetadata(auditFieldsMetadata, descriptor.value as object) as AuditFields | undefined;
    const complete: OperationRoute = { ...operation, ...(fields && { fields }) };
    SetMetadata(operationMetadata, complete)(target, key, descriptor);
    RouteConfig({ door, operation: complete } satisfies WithOperation & { door: Door })(target, key, descriptor);
  };
}

/**
 * Starts the operation of a request and checks its scope, once the body is read and before anything is validated.
 * @throws Fault key_missing, not_allowed
 */
export function startOperationOf(request: FastifyRequest, portals: Pick<PortalDirectory, 'find'>): void {
  const { operation } = request.routeOptions.config as WithOperation;
  if (!operation?.scope) return;
  const { action, onlyReads, fields } = operation;
  const { method, params } = request;
  const scope = isOwn(request, operation) ? {} : { scope: operation.scope };
  const isRead = method === 'GET' || method === 'HEAD' || onlyReads?.(request) === true;
  if (isRead) {
    startOperation(request, { action, ...scope, isRead });
    return;
  }
  const portal = textOf(params, 'portal');
  startOperation(request, {
    ...{ action, ...scope, isRead },
    ids: request.headers.authorization ? {} : consoleIds(request),
    ...(fields && { fields }),
    ...(portal !== undefined && { findPortal: () => portals.find(portal) }),
  });
}

function isOwn({ params, scope: { client } }: FastifyRequest, { ownClientIn }: OperationRoute): boolean {
  return ownClientIn !== undefined && client !== undefined && textOf(params, ownClientIn) === client.id;
}

/** What the audit log records of a write through the console. */
function consoleIds({ scope }: FastifyRequest): Record<string, string | boolean> {
  const role = scope.client?.person?.role;
  return { console: true, ...(role && { role }) };
}
