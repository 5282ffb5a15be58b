import { type FailedAnswer, Fault, type PortalId, unlessAborted } from '@b24/portal';
import { checkAccess } from '@b24/access';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { callerOf } from '../../http/caller';
import type { PhpParams } from '../../http/php-params';
import { idempotencyKey } from '../../http/idempotency-key';
import { setLineHeaders } from '../../http/line-headers';
import { replyFault } from '../../http/reply-fault';
import { startOperation } from '../../http/start-operation';
import { toFault } from '../../http/to-fault';
import { recordingMethods } from '../../http/audit-context';
import type { PortalDirectory } from '../../line/portal-directory';
import { isV3Method, v3Command } from '../../line/v3-call';
import type { RequestLine } from '../../request-line';
import { emptyBatch, withRefused, withRefusedCommands } from './batch-answer';
import { allParams, readSdkBody, readV3Body } from './sdk-params';
import { vendorError, vendorResult } from './vendor-response';
import { preflightDoor, replyAsVendor, webhookDoor, webhookOf } from './webhook-door';
import { type WebhookCall, webhookCall, type WebhookUrl } from './webhook-call';

export interface WebhooksOptions {
  readonly portals: PortalDirectory;
  readonly line: RequestLine;
  /** Hosts of the form `acme.<domain>`, where `acme` is a portal's alias. */
  readonly domain: string | undefined;
  readonly maxBodyBytes: number;
}

/** What the vendor lets pages of any origin do. */
const corsHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'origin, content-type, accept',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
};

/**
 * Serves every portal as an incoming webhook, for SDKs that know nothing of the gateway (docs/sdk.md): the vendor's URLs,
 * encodings, envelope and errors. The key is in the URL, which is never logged.
 */
export function webhooks(parts: WebhooksOptions) {
  return (scope: FastifyInstance, _options: object, done: () => void): void => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest, stream: Readable) =>
      webhookOf(request).isV3
        ? readV3Body(request, stream, parts.maxBodyBytes)
        : readSdkBody(request, stream, parts.maxBodyBytes),
    );
    scope.setErrorHandler((error, request, reply) => {
      replyFault(toFault(error), request, reply);
    });
    scope.addHook('onSend', (_request, reply, _payload, next) => {
      void reply.headers(corsHeaders);
      next();
    });
    const portalOf = {
      '/rest/*': (request: FastifyRequest) => portalOfHost(request, parts),
      '/p/:portal/rest/*': ({ params }: FastifyRequest) => findIn(parts.portals, (params as { portal: string }).portal),
    };
    for (const [url, findPortal] of Object.entries(portalOf)) {
      // No HEAD: it would run the method as GET does, although callers expect it to change nothing.
      scope.route({
        ...{ method: ['GET', 'POST', 'PUT'], exposeHeadRoute: false, config: { door: webhookDoor, cors: false } },
        url,
        handler: (request, reply) => serve(parts, request, reply, () => findPortal(request)),
      });
      scope.route({
        ...{ method: ['DELETE', 'PATCH'], url, config: { door: preflightDoor, cors: false } },
        handler: () => {
          throw new Fault('route_not_found', { detail: 'Call a method with GET or POST.' });
        },
      });
      scope.route({
        ...{ method: 'OPTIONS', url, config: { door: preflightDoor, cors: false } },
        handler: (_request, reply) => reply.status(200).send(),
      });
    }
    done();
  };
}

async function serve(
  parts: WebhooksOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  findPortal: () => PortalId | Promise<PortalId>,
): Promise<FastifyReply> {
  const requested = webhookOf(request);
  const caller = callerOf(request);
  const found = findPortal();
  const portal = typeof found === 'string' ? found : await unlessAborted(found, caller.signal);
  const call = callOf(request, requested);
  if (!call) throw new Fault('method_not_found', { detail: 'Method not found!' });
  const { command } = call;
  startOperation(request, {
    action: 'callBySdk',
    isRead: command.effect === 'read',
    findPortal: () => Promise.resolve(portal),
  });
  if (command.inside?.length === 0) {
    checkAccess(caller.client, { scope: 'call', portal });
    replyAsVendor(reply, { status: 200, body: { result: withRefused(emptyBatch, call) } });
    return reply;
  }
  // A caller's own batch runs the methods inside it.
  const methods = command.inside?.map((it) => it.method) ?? [command.method];
  const run = () => parts.line.answer(caller, 'call', portal, command);
  const answer = await recordingMethods(request.scope.audit, methods, run, (it) => {
    const code = it.ok ? 'done' : it.fault.code;
    return methods.map(() => code);
  });
  setLineHeaders(reply, answer);
  if (answer.ok && answer.replayed) void reply.header('Idempotent-Replayed', 'true');
  if (answer.ok) replyAsVendor(reply, vendorResult(withRefusedCommands(answer, call)));
  else replyAnswerFault(answer, request, reply);
  return reply;
}

/** Returns the call of a request; undefined if there is no such method name. */
function callOf(request: FastifyRequest, { method, isV3 }: WebhookUrl): WebhookCall | undefined {
  const { body } = request;
  if (!isV3) return webhookCall(method, allParams(queryOf(request), body as PhpParams | undefined));
  if (!isV3Method(method)) return undefined;
  const key = request.headers['idempotency-key'];
  return { command: v3Command({ method, body, idempotencyKey: idempotencyKey(key) }), refused: [] };
}

/**
 * Replies with the portal's error for this command, and with the status that the error has outside a shared request.
 */
function replyAnswerFault(
  { fault, request: shared }: FailedAnswer,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  replyFault(fault, request, reply, () => {
    replyAsVendor(reply, vendorError(fault, { ...(shared && { request: shared }), isV3: webhookOf(request).isV3 }));
  });
}

function queryOf({ url }: FastifyRequest): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

function findIn(portals: PortalDirectory, name: string): PortalId | Promise<PortalId> {
  return portals.findKnown(name) ?? portals.find(name);
}

/** Finds the portal by the host of the request: its domain, or its alias before our own domain. */
function portalOfHost({ headers }: FastifyRequest, { portals, domain }: WebhooksOptions): PortalId | Promise<PortalId> {
  const host = (headers.host ?? '').toLowerCase();
  const bare = host.replace(/:\d+$/, '');
  if (domain && bare.endsWith(`.${domain}`)) return findIn(portals, bare.slice(0, -domain.length - 1));
  const known = portals.findKnown(host);
  if (known !== undefined) return known;
  return portals.find(host).catch((error: unknown) => {
    if (bare === host) throw error;
    return portals.find(bare);
  });
}
