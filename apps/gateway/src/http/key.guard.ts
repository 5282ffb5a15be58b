import type { Scope } from '@b24/access';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { PortalDirectory } from '../line/portal-directory';
import { type AuditFields, auditFieldsMetadata } from './audit-fields';
import { startOperation } from './start-operation';
import { textOf } from './unvalidated-fields';

export const scopeMetadata = 'b24:scope';
export const operationMetadata = 'b24:operation';
export const onlyReadsMetadata = 'b24:only reads';

/** A request before its schema validates it: read it with `unvalidated-fields.ts`. */
export interface UnvalidatedRequest {
  readonly params: unknown;
  readonly body: unknown;
}
type OnlyReads = (request: UnvalidatedRequest) => boolean;

/** Admits a client that has the operation's scope. Access to a portal is checked where the portal is known. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly portals: PortalDirectory,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const scope = this.reflector.get<Scope | undefined>(scopeMetadata, handler);
    if (!scope) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { method, params, headers } = request;
    const onlyReads = this.reflector.get<OnlyReads | undefined>(onlyReadsMetadata, handler);
    const fields = this.reflector.get<AuditFields | undefined>(auditFieldsMetadata, handler);
    const portal = textOf(params, 'portal');
    startOperation(request, {
      action: this.reflector.get<string>(operationMetadata, handler),
      scope,
      isRead: method === 'GET' || method === 'HEAD' || onlyReads?.(request) === true,
      ids: headers.authorization ? {} : { console: true },
      ...(fields && { fields }),
      ...(portal !== undefined && { findPortal: () => this.portals.find(portal) }),
    });
    return true;
  }
}
