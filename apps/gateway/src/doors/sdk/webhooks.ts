import { asFault, type Command, Fault, type PortalId, unlessAborted } from '@b24/portal';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { auditFieldsOf } from '../../http/audit-fields';
import { callerOf, type GatewayRequest, type AuditContext } from '../../http/caller';
import { assertSafeJson } from '../../http/safe-json';
import { setLineHeaders } from '../../http/line-headers';
import { faultOf } from '../../http/problem.filter';
import { methodsRun } from '../../http/audit-context';
import { tellRetryAfter } from '../pages/show-page';
import type { PortalDirectory } from '../../api/portals/portal-directory';
import type { RequestLine } from '../../request-line';
import { type Params, parseJsonParams, parsePhpParams } from './php-params';
import { type VendorAnswer, vendorRefusal, vendorResult } from './vendor-words';
import { webhookDoor, webhookOf } from './webhook-door';
import { webhookCommand } from './webhook-call';

const bodyLimit = 2 * 1024 * 1024;

export interface WebhookParts {
  readonly portals: PortalDirectory;
  readonly line: RequestLine;
  /** `acme.<domain>` is the portal with this alias. */
  readonly domain: string | undefined;
}

/**
 * Every portal as an incoming webhook, for SDKs that know nothing of the gateway (docs/sdk.md): the vendor's URLs, its
 * ways to send parameters, its envelope and its errors. The key is in the URL, which is nowhere written down.
 */
export function webhooks(parts: WebhookParts) {
  return (scope: FastifyInstance, _options: object, done: () => void): void => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'string', bodyLimit }, (request, text, parsed) => {
      const type = request.headers['content-type'] ?? '';
      try {
        parsed(null, paramsIn(type, String(text)));
      } catch (error) {
        parsed(error as Error);
      }
    });
    scope.setErrorHandler((error, request, reply) => {
      refuse(faultOf(error), request, reply);
    });
    // A HEAD would be carried out as the GET is; whoever sends one expects that nothing changes.
    const route = { method: ['GET', 'POST'], exposeHeadRoute: false, bodyLimit, config: { door: webhookDoor } };
    scope.route<{ Params: { '*': string } }>({
      ...route,
      url: '/rest/*',
      handler: (request, reply) => serve(parts, request, reply, () => portalOfHost(request, parts)),
    });
    scope.route<{ Params: { '*': string; portal: string } }>({
      ...route,
      url: '/p/:portal/rest/*',
      handler: (request, reply) => serve(parts, request, reply, () => parts.portals.find(request.params.portal)),
    });
    done();
  };
}

async function serve(
  parts: WebhookParts,
  request: FastifyRequest<{ Params: { '*': string } }>,
  reply: FastifyReply,
  findPortal: () => Promise<PortalId>,
): Promise<FastifyReply> {
  const asked = webhookOf(request);
  const carried: GatewayRequest = request;
  const caller = callerOf(carried, reply);
  const portal = await unlessAborted(findPortal(), caller.signal);
  const params = { ...parsePhpParams(queryOf(request)), ...(request.body as Params | undefined) };
  assertSafeJson(params);
  const command = webhookCommand(asked.method, params);
  if (!command) throw new Fault('method_not_found', { detail: 'Method not found!' });
  if (command.effect === 'write')
    carried.auditContext = {
      action: 'callBySdk',
      portal: Promise.resolve(portal),
      fields: auditFieldsOf(undefined),
      ids: {},
    };
  const answer = await parts.line.answer(caller, 'call', portal, command).catch((error: unknown) => {
    noteRun(carried.auditContext, command, asFault(error).code);
    throw error;
  });
  noteRun(carried.auditContext, command, answer.ok ? 'done' : answer.fault.code);
  setLineHeaders(reply, answer);
  if (!answer.ok) return refuse(answer.fault, request, reply, vendorRefusal(answer.fault, answer.request));
  return tell(reply, vendorResult(answer));
}

/** Names what was run, or may have been, of what writes; of a batch of the caller's own what is inside. */
function noteRun(trail: AuditContext | undefined, { method, inside }: Command, outcome: string): void {
  const methods = inside?.map((it) => it.method) ?? [method];
  const outcomes = methods.map(() => outcome);
  Object.assign(trail?.ids ?? {}, methodsRun(methods, outcomes));
}

function refuse(
  fault: Fault,
  request: FastifyRequest,
  reply: FastifyReply,
  words = vendorRefusal(fault),
): FastifyReply {
  if (fault.code === 'internal_error') request.log.error({ err: fault.cause ?? fault }, 'internal error');
  (request as GatewayRequest).faultCode = fault.code;
  tellRetryAfter(reply, fault);
  return tell(reply, words);
}

function tell(reply: FastifyReply, { status, body }: VendorAnswer): FastifyReply {
  return reply.status(status).header('Content-Type', 'application/json; charset=utf-8').send(JSON.stringify(body));
}

function queryOf({ url }: FastifyRequest): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

function paramsIn(type: string, text: string): Params {
  if (/^application\/json\b/i.test(type)) return parseJsonParams(text);
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return parsePhpParams(text);
  if (text === '') return {};
  throw new Fault('unsupported_media_type', { detail: 'Send a form (application/x-www-form-urlencoded) or JSON.' });
}

/** The portal whose domain was called, or whose alias stands before our own. */
function portalOfHost({ headers }: FastifyRequest, { portals, domain }: WebhookParts): Promise<PortalId> {
  const host = (headers.host ?? '').toLowerCase();
  const bare = host.replace(/:\d+$/, '');
  if (domain && bare.endsWith(`.${domain}`)) return portals.find(bare.slice(0, -domain.length - 1));
  return portals.find(host).catch((error: unknown) => {
    if (bare === host) throw error;
    return portals.find(bare);
  });
}
