import type { Client } from '@b24/access';
import type { WriteAttempt } from '@b24/idempotency';
import type { Clock, FaultCode, PortalId } from '@b24/portal';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { CallerContext } from '../request-line';
import type { Settings } from '../settings';
import type { AuditFields } from './audit-fields';

declare module 'fastify' {
  interface FastifyRequest {
    readonly scope: RequestScope;
  }
}

/** What the audit log records of a write: started with the operation, completed by a controller that knows more. */
export interface AuditContext {
  /** The operation's id. */
  readonly action: string;
  /** Resolves to undefined when there is no such portal. */
  portal: Promise<PortalId | undefined>;
  /** The fields of the body that are recorded. */
  readonly fields: AuditFields;
  readonly ids: Record<string, number | string | boolean>;
}

/** Everything that the gateway knows of one request besides HTTP. */
export interface RequestScope {
  readonly clock: Clock;
  readonly settings: Pick<Settings, 'callTimeoutMs' | 'rules'>;
  /** Unix milliseconds; a deadline counts from here. */
  readonly arrivedAtMs: number;
  /** Who sent it, where the route asks for a key or a session. */
  client?: Client;
  /** Made on first use, so everything that waits for this request has one deadline. */
  caller?: CallerContext;
  /** The attempt of an idempotent write that runs now; its signal replaces the caller's. */
  attempt?: WriteAttempt;
  /** Only for a write. */
  audit?: AuditContext;
  /** Whether it reads only, whatever its verb says. */
  isRead?: boolean;
  /** Why it failed. */
  faultCode?: FaultCode;
}

/** Gives every request a scope, also one that a plugin answers before the hooks of the pipeline run. */
export function decorateWithScope(
  fastify: FastifyInstance,
  { settings, clock }: Pick<RequestScope, 'settings' | 'clock'>,
): void {
  const scopes = new WeakMap<FastifyRequest, RequestScope>();
  fastify.decorateRequest('scope', {
    getter(this: FastifyRequest) {
      let scope = scopes.get(this);
      if (!scope) {
        scope = { settings, clock, arrivedAtMs: clock.now() };
        scopes.set(this, scope);
      }
      return scope;
    },
  });
}
