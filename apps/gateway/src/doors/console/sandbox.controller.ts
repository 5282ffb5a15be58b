import { AuditLog, type Client, canUsePortal } from '@b24/access';
import { type Clock, Fault, type PortalId } from '@b24/portal';
import { Body, Controller, Delete, Get, Inject, Param, Put, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Through } from '../../http/door';
import { clockToken } from '../../http/injection-tokens';
import { portalName } from '../../http/shapes';
import { sourceOf } from '../../http/source-address';
import { findUsablePortal } from '../../line/find-portal';
import { PortalDirectory } from '../../line/portal-directory';
import { sessionDoor } from './console-doors';
import { Sandbox, type SandboxState, startFailureSchema } from './sandbox';

/** Starts and ends failures of simulated portals. It exists only where `SANDBOX_URL` is set, which is the demo. */
@ApiExcludeController()
@Controller('console/simulator')
export class SandboxController {
  constructor(
    private readonly sandbox: Sandbox,
    private readonly portals: PortalDirectory,
    private readonly audit: AuditLog,
    @Inject(clockToken) private readonly clock: Clock,
  ) {}

  @Get()
  @Through(sessionDoor)
  async state(@Req() request: FastifyRequest): Promise<SandboxState> {
    return visibleTo(request, await this.sandbox.state());
  }

  @Put(':portal/failure')
  @Through(sessionDoor)
  async start(
    @Param('portal', { schema: portalName }) name: string,
    @Body({ schema: startFailureSchema }) { kind }: z.infer<typeof startFailureSchema>,
    @Req() request: FastifyRequest,
  ): Promise<SandboxState> {
    const portal = await this.allowed(request, name);
    const state = await this.sandbox.start(portal, kind);
    this.record(request, 'startSandboxFailure', portal);
    return visibleTo(request, state);
  }

  @Delete(':portal/failure')
  @Through(sessionDoor)
  async end(
    @Param('portal', { schema: portalName }) name: string,
    @Req() request: FastifyRequest,
  ): Promise<SandboxState> {
    const portal = await this.allowed(request, name);
    const state = await this.sandbox.end(portal);
    this.record(request, 'endSandboxFailure', portal);
    return visibleTo(request, state);
  }

  /** @throws Fault portal_not_found also for a portal that the client may not use */
  private allowed(request: FastifyRequest, name: string): Promise<PortalId> {
    return findUsablePortal(this.portals, name, { client: clientOf(request) });
  }

  private record(request: FastifyRequest, action: string, portal: PortalId): void {
    const { id: actor, name } = clientOf(request);
    const entry = { actor, name, action, portal, status: 200, outcome: 'done', requestId: request.id } as const;
    this.audit.record({ ...entry, source: sourceOf(request), atMs: this.clock.now() });
  }
}

/** @throws Fault key_missing for a request through a door without a key */
function clientOf({ scope: { client } }: FastifyRequest): Client {
  if (!client) throw new Fault('key_missing');
  return client;
}

function visibleTo(request: FastifyRequest, { failures, portals }: SandboxState): SandboxState {
  const client = clientOf(request);
  return { failures, portals: portals.filter(({ memberId }) => canUsePortal(client, memberId)) };
}
