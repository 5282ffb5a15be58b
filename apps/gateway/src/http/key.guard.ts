import { checkAccess, type Scope } from '@b24/access';
import { Fault } from '@b24/portal';
import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { GatewayRequest } from './caller';
import { PortalDirectory } from '../api/portals/portal-directory';
import { type AuditFields, auditFieldsMetadata } from './audit-fields';
import { startAudit } from './audit-context';

export const scopeMetadata = 'b24:scope';
export const operationMetadata = 'b24:operation';
export const onlyReadsMetadata = 'b24:only reads';

/** Of a request that no schema has seen: read it by `unread.ts`. */
export interface Unread {
  readonly params: unknown;
  readonly body: unknown;
}
type OnlyReads = (request: Unread) => boolean;

/** Lets in a client with the operation's scope. Which portals it may touch is asked where the portal is known. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly portals: PortalDirectory,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const scope = this.reflector.get<Scope | undefined>(scopeMetadata, context.getHandler());
    if (!scope) return true;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    if (!request.client) throw new Fault('key_missing');
    const onlyReads = this.reflector.get<OnlyReads | undefined>(onlyReadsMetadata, context.getHandler());
    request.onlyReads = request.method === 'GET' || request.method === 'HEAD' || onlyReads?.(request) === true;
    const operation = this.reflector.get<string>(operationMetadata, context.getHandler());
    const fields = this.reflector.get<AuditFields | undefined>(auditFieldsMetadata, context.getHandler());
    const trail = startAudit(request, operation, this.portals, fields);
    if (trail) request.auditContext = trail;
    if (trail && !request.headers.authorization) trail.ids['console'] = true;
    checkAccess(request.client, { scope });
    return true;
  }
}
