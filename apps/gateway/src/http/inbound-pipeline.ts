import type { AuditLog } from '@b24/access';
import { type Clock, Fault } from '@b24/portal';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import type { PortalDirectory } from '../line/portal-directory';
import { finishAudit } from './audit-context';
import type { BodyMemory } from './body-memory';
import { doorOf, withoutDoor } from './door';
import { askForBody } from './expected-body';
import type { OpenRequests } from './open-requests';
import { startOperationOf } from './operation-route';
import { onResponseClosed } from './pipelined';
import { isReplayed } from './raw-urls';
import { bodyTimeMs, chargeBody, lengthOf } from './read-body';
import type { RequestAdmission } from './request-admission';
import type { LogAnswer } from './request-log';
import { decorateWithScope, type ScopeServices } from './request-scope';
import type { SetSecureHeaders } from './secure-headers';

export interface InboundPipelineOptions extends ScopeServices {
  readonly admission: RequestAdmission;
  readonly inFlight: OpenRequests;
  /** The memory for large bodies, and the size of one at most. */
  readonly uploads: { readonly memory: BodyMemory; readonly maxBytes: number };
  readonly audit: AuditLog;
  readonly portals: Pick<PortalDirectory, 'find'>;
  readonly setSecureHeaders: SetSecureHeaders;
  readonly logAnswer: LogAnswer;
  readonly metrics: { responded(method: string, route: string, status: number): void };
  /** Whether this replica takes no more calls. */
  readonly isStopping: () => boolean;
}

/**
 * Adds the steps that every request passes at any entry point (fastify.dev/docs/latest/Reference/Lifecycle): its scope,
 * its admission before the body is read and, after the answer, its audit entry, metrics and log line.
 */
export function addInboundPipeline(fastify: FastifyInstance, options: InboundPipelineOptions): void {
  const { admission, inFlight, audit, isStopping } = options;
  requireDoors(fastify);
  decorateWithScope(fastify, options);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { scope } = request;
    inFlight.enter(request);
    // Answered or hung up; onResponse does not run in the latter case.
    onResponseClosed(reply.raw, () => {
      inFlight.leave(request);
      scope.close(reply.raw.writableFinished);
    });
    options.setSecureHeaders(request, reply);
    // An answer may contain a key and is current only now. An answer that may be stored overrides this.
    void reply.header('x-request-id', request.id).header('cache-control', 'no-store');
    settle(() => admitted(request, admission), done);
  });
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    const carriesPayload = doorOf(request)?.carriesPayload;
    const proceed = () => {
      // A body that is too large is refused unread.
      const maxBytes = carriesPayload ? options.uploads.maxBytes : request.routeOptions.bodyLimit;
      if ((lengthOf(request) ?? 0) <= maxBytes) askForBody(reply.raw);
      done();
    };
    const charged = carriesPayload && chargeBody(request, reply, options.uploads);
    if (charged) charged.then(proceed, done);
    else proceed();
  });
  fastify.addHook('preHandler', (request, _reply, done) => {
    settle(() => {
      startOperationOf(request, options.portals);
    }, done);
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    finishAudit(audit, request, reply);
    // Prevents the caller from sending its next request into a connection that is about to close.
    if (isStopping() || isReplayed(request.raw.socket)) void reply.header('Connection', 'close');
    // Fastify would close it when a body is refused, and a caller that still sends would lose the answer.
    else void reply.removeHeader('Connection');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    options.metrics.responded(request.method, request.routeOptions.url ?? '-', reply.statusCode);
    options.logAnswer(request, reply);
    endUnreadBody(request, options.clock);
    done();
  });
}

/** Runs a step and calls back, at once unless the step returns a promise. */
function settle(step: () => Promise<void> | void, done: (error?: Error) => void): void {
  let pending: Promise<void> | void;
  try {
    pending = step();
  } catch (error) {
    done(error as Error);
    return;
  }
  if (pending) pending.then(() => done(), done);
  else done();
}

/** @throws Fault for a request that is not admitted, at once or by the promise */
function admitted(request: FastifyRequest, admission: RequestAdmission): Promise<void> | undefined {
  if (request.headers.host === undefined && request.raw.httpVersion !== '1.0')
    throw new Fault('invalid_request', { detail: 'Send a Host, as HTTP/1.1 asks.' });
  return admission.admit(request);
}

/** Closes the connection of a caller that still sends a body which nobody reads, so that it gets the answer before. */
function endUnreadBody({ raw }: FastifyRequest, clock: Clock): void {
  if (raw.complete || raw.destroyed) return;
  const callOff = clock.after(bodyTimeMs(0), () => raw.socket.destroy());
  raw.once('close', callOff);
}

/** Refuses to start a gateway that has a route without a door. */
function requireDoors(fastify: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  fastify.addHook('onRoute', (route) => {
    routes.push(route);
  });
  fastify.addHook('onReady', (done) => {
    const doorless = routes.flatMap((route) => withoutDoor(route) ?? []);
    done(doorless.length > 0 ? new Error(`Routes without a door: ${doorless.join(', ')}`) : undefined);
  });
}
