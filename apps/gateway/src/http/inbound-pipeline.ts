import type { AuditLog } from '@b24/access';
import { type Clock, Fault } from '@b24/portal';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { Settings } from '../settings';
import { finishAudit } from './audit-context';
import type { BodyMemory } from './body-memory';
import { doorOf, withoutDoor } from './door';
import { askForBody } from './expected-body';
import type { OpenRequests } from './open-requests';
import { onResponseClosed } from './pipelined';
import { isReplayed } from './raw-urls';
import { bodyTimeMs, chargeBody, lengthOf } from './read-body';
import type { RequestAdmission } from './request-admission';
import { decorateWithScope } from './request-scope';
import { sourceOf } from './source-address';

export interface InboundPipelineOptions {
  readonly settings: Pick<Settings, 'callTimeoutMs' | 'rules'>;
  readonly clock: Clock;
  readonly admission: RequestAdmission;
  readonly inFlight: OpenRequests;
  /** The memory for large bodies, and the size of one at most. */
  readonly uploads: { readonly memory: BodyMemory; readonly maxBytes: number };
  readonly audit: AuditLog;
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
  fastify.addHook('onRequest', async (request, reply) => {
    inFlight.enter(request);
    // Answered or hung up; onResponse does not run in the latter case.
    onResponseClosed(reply.raw, () => {
      inFlight.leave(request);
    });
    // An answer may contain a key and is current only now. An answer that may be stored overrides this.
    void reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store' });
    if (request.raw.httpVersion !== '1.0' && request.headers.host === undefined)
      throw new Fault('invalid_request', { detail: 'Send a Host, as HTTP/1.1 asks.' });
    await admission.admit(request, reply);
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
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    finishAudit(audit, request, reply);
    // Prevents the caller from sending its next request into a connection that is about to close.
    if (isStopping() || isReplayed(request.raw.socket)) void reply.header('Connection', 'close');
    // Fastify would close it when a body is refused, and a caller that still sends would lose the answer.
    else void reply.removeHeader('Connection');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    logResponse(request, reply, options.metrics);
    endUnreadBody(request, options.clock);
    done();
  });
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

function logResponse(request: FastifyRequest, reply: FastifyReply, metrics: InboundPipelineOptions['metrics']): void {
  const { client } = request.scope;
  // The route, not the URL, because a query may contain a code.
  const route = request.routeOptions.url ?? '-';
  const ms = Math.round(reply.elapsedTime * 10) / 10;
  const status = reply.statusCode;
  metrics.responded(request.method, route, status);
  request.log.info(
    { method: request.method, route, status, ms, source: sourceOf(request), ...(client && { client: client.id }) },
    'request',
  );
}
