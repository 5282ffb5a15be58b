import { type Client, checkAccess, ClientKeys, type Scope } from '@b24/access';
import { Fault } from '@b24/portal';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type GatewayRequest, inTime } from './caller';
import { ConsoleDoor } from '../console/console-door';
import { PortalDirectory } from '../portals/portal-directory';
import { Throttle } from './throttle';
import { beginTrail } from './trail';

export const scopeMetadata = 'b24:scope';
export const operationMetadata = 'b24:operation';

/** Lets in who has a key with the operation's scope. Which portals it may touch is asked where the portal is known. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(
    @Inject(ClientKeys) private readonly keys: ClientKeys,
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(Throttle) private readonly throttle: Throttle,
    @Inject(PortalDirectory) private readonly portals: PortalDirectory,
    @Inject(ConsoleDoor) private readonly door: ConsoleDoor,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope = this.reflector.get<Scope | undefined>(scopeMetadata, context.getHandler());
    if (!scope) return true;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    request.client = await inTime(request, this.owner(request));
    const operation = this.reflector.get<string>(operationMetadata, context.getHandler());
    const trail = beginTrail(request, operation, this.portals);
    if (trail) request.trail = trail;
    if (trail && !request.headers.authorization) trail.ids['console'] = true;
    checkAccess(request.client, { scope });
    return true;
  }

  private async owner(request: GatewayRequest): Promise<Client> {
    const { authorization } = request.headers;
    if (!authorization) return this.door.ownerOf(request);
    const key = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization)?.[1];
    const client = key && (await this.keys.admit(key));
    if (client) return client;
    // Asked first all the same: a right key passes, whoever else floods from its address.
    this.throttle.wrongKey(request);
    throw new Fault('key_invalid');
  }
}
