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

/** The audit context of a write: created with the operation, completed by a controller that knows more. */
export interface AuditContext {
  /** The operation's id. */
  readonly action: string;
  /** Resolves to undefined if there is no such portal. */
  portal: Promise<PortalId | undefined>;
  /** The fields of the body that are recorded. */
  readonly fields: AuditFields;
  readonly ids: Record<string, number | string | boolean>;
}

/** Everything that the gateway knows about one request besides HTTP. */
export interface RequestScope {
  readonly clock: Clock;
  readonly settings: Pick<Settings, 'callTimeoutMs' | 'rules'>;
  /** Unix milliseconds; a deadline counts from here. */
  readonly arrivedAtMs: number;
  /** For a body of unknown length: waits until there is memory for a large one. */
  chargeBody?: () => Promise<void>;
  /** When a large body was complete, unix milliseconds; then the deadline counts from here. */
  bodyReadAtMs?: number;
  /** The client, if the route requires a key or a session. */
  client?: Client;
  /** Created on first use, so that everything that waits for this request has the same deadline. */
  caller?: CallerContext;
  /** The attempt of an idempotent write that is running; its signal replaces the caller's. */
  attempt?: WriteAttempt;
  /** Present only for a write. */
  audit?: AuditContext;
  /** Whether the request only reads, whatever its HTTP method is. */
  isRead?: boolean;
  /** Why the request failed. */
  faultCode?: FaultCode;
}

/** Gives every request a scope, including one that a plugin answers before the hooks of the pipeline run. */
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
