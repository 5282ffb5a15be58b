import type { Client, ConnectedAssistant } from '@b24/access';
import type { IdempotencyRunner, WriteAttempt } from '@b24/idempotency';
import type { Clock, FaultCode, PortalId } from '@b24/portal';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestCalls } from '../line/request-calls';
import type { CallerContext } from '../request-line';
import type { Settings } from '../settings';
import type { AuditFields } from './audit-fields';
import type { RequestDeadline } from './caller';

declare module 'fastify' {
  interface FastifyRequest {
    readonly scope: RequestScope;
    /** Where `scope` is stored. */
    ownScope: RequestScope | null;
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

/** The services that the scope of every request refers to. */
export interface ScopeServices {
  readonly clock: Clock;
  readonly settings: Pick<Settings, 'callTimeoutMs' | 'rules' | 'publicUrl' | 'mcpOauth'>;
  /** Runs writes that have an `Idempotency-Key`. */
  readonly once: Pick<IdempotencyRunner, 'run'>;
}

/** Everything that the gateway knows about one request besides HTTP. */
export class RequestScope {
  readonly clock: Clock;
  /** Unix milliseconds; a deadline counts from here. */
  readonly arrivedAtMs: number;
  /** For a body of unknown length: waits until there is memory for a large one. */
  chargeBody: (() => Promise<void>) | undefined = undefined;
  /** When a large body was complete, unix milliseconds; then the deadline counts from here. */
  bodyReadAtMs: number | undefined = undefined;
  /** The client, if the route requires a key or a session. */
  client: Client | undefined = undefined;
  /** The assistant that acts as the client. */
  assistant: ConnectedAssistant | undefined = undefined;
  /** Created on first use, so that everything that waits for this request has the same deadline. */
  caller: CallerContext | undefined = undefined;
  /** Ends the wait of the caller. */
  deadline: RequestDeadline | undefined = undefined;
  /** The attempt of an idempotent write that is running; its signal replaces the caller's. */
  attempt: WriteAttempt | undefined = undefined;
  /** Present only for a write. */
  audit: AuditContext | undefined = undefined;
  /** The operation, and the calls that it makes. */
  readonly calls = new RequestCalls();
  /** Whether the request only reads, whatever its HTTP method is. */
  isRead = false;
  /** Why the request failed. */
  faultCode: FaultCode | undefined = undefined;
  /** Releases the slot that the request holds. */
  leaveSlot: (() => void) | undefined = undefined;
  /** Whether the response is closed: sent, or its caller hung up. */
  isClosed = false;

  constructor(private readonly services: ScopeServices) {
    this.clock = services.clock;
    this.arrivedAtMs = services.clock.now();
  }

  get settings(): ScopeServices['settings'] {
    return this.services.settings;
  }

  get once(): ScopeServices['once'] {
    return this.services.once;
  }

  /** Called when the response is closed: releases the slot and ends the wait of the caller. */
  close(isAnswered: boolean): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.leaveSlot?.();
    this.deadline?.end(isAnswered);
  }
}

/** Gives every request a scope, including one that a plugin answers before the hooks of the pipeline run. */
export function decorateWithScope(fastify: FastifyInstance, services: ScopeServices): void {
  fastify.decorateRequest('ownScope', null);
  fastify.decorateRequest('scope', {
    getter(this: FastifyRequest) {
      return (this.ownScope ??= new RequestScope(services));
    },
  });
}
