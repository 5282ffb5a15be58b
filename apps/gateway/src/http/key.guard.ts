import { type Client, checkAccess, ClientKeys, type Scope } from '@b24/access';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ConsoleDoor } from '../console/console-door';
import { type GatewayRequest, inTime } from './caller';
import { bearerKey, keyOwner } from './key-owner';
import { PortalDirectory } from '../portals/portal-directory';
import { Throttle } from './throttle';
import { beginTrail } from './trail';

export const scopeMetadata = 'b24:scope';
export const operationMetadata = 'b24:operation';
export const onlyReadsMetadata = 'b24:only reads';

/** Of a request that no schema has seen: read it by `unread.ts`. */
export interface Unread {
  readonly params: unknown;
  readonly body: unknown;
}
type OnlyReads = (request: Unread) => boolean;

/** Lets in who has a key with the operation's scope. Which portals it may touch is asked where the portal is known. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(
    @Inject(ClientKeys) readonly keys: ClientKeys,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Throttle) readonly throttle: Throttle,
    @Inject(PortalDirectory) private readonly portals: PortalDirectory,
    @Inject(ConsoleDoor) private readonly door: ConsoleDoor,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope = this.reflector.get<Scope | undefined>(scopeMetadata, context.getHandler());
    if (!scope) return true;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    request.client = await this.owner(request);
    const onlyReads = this.reflector.get<OnlyReads | undefined>(onlyReadsMetadata, context.getHandler());
    request.onlyReads = request.method === 'GET' || request.method === 'HEAD' || onlyReads?.(request) === true;
    const operation = this.reflector.get<string>(operationMetadata, context.getHandler());
    const trail = beginTrail(request, operation, this.portals);
    if (trail) request.trail = trail;
    if (trail && !request.headers.authorization) trail.ids['console'] = true;
    checkAccess(request.client, { scope });
    return true;
  }

  private async owner(request: GatewayRequest): Promise<Client> {
    const { authorization } = request.headers;
    if (!authorization) return inTime(request, this.door.ownerOf(request));
    return keyOwner(request, bearerKey(authorization), this);
  }
}
