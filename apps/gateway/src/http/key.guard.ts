import { type Client, checkAccess, ClientKeys, type Scope } from '@b24/access';
import { Fault } from '@b24/portal';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type GatewayRequest, inTime } from './caller';

export const scopeMetadata = 'b24:scope';

/** Lets in who has a key with the operation's scope. Which portals it may touch is asked where the portal is known. */
@Injectable()
export class KeyGuard implements CanActivate {
  constructor(
    @Inject(ClientKeys) private readonly keys: ClientKeys,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scope = this.reflector.get<Scope | undefined>(scopeMetadata, context.getHandler());
    if (!scope) return true;
    const request = context.switchToHttp().getRequest<GatewayRequest>();
    request.client = await inTime(request, this.owner(request));
    checkAccess(request.client, { scope });
    return true;
  }

  private async owner({ headers }: GatewayRequest): Promise<Client> {
    const { authorization } = headers;
    if (!authorization) throw new Fault('key_missing');
    const key = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization)?.[1];
    const client = key && (await this.keys.owner(key));
    if (!client) throw new Fault('key_invalid');
    return client;
  }
}
