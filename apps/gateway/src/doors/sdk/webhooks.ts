import { type FailedAnswer, Fault, type PortalId, unlessAborted } from '@b24/portal';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerOf } from '../../http/caller';
import { assertSafeJson } from '../../http/safe-json';
import { setLineHeaders } from '../../http/line-headers';
import { replyFault } from '../../http/reply-fault';
import { startOperation } from '../../http/start-operation';
import { toFault } from '../../http/to-fault';
import { recordingMethods } from '../../http/audit-context';
import type { PortalDirectory } from '../../line/portal-directory';
import type { RequestLine } from '../../request-line';
import { type PhpParams, parseJsonParams, parsePhpParams } from './php-params';
import { vendorError, vendorResult } from './vendor-response';
import { replyAsVendor, webhookDoor, webhookOf } from './webhook-door';
import { webhookCommand } from './webhook-call';

const bodyLimit = 2 * 1024 * 1024;

export interface WebhooksOptions {
  readonly portals: PortalDirectory;
  readonly line: RequestLine;
  /** Hosts of the form `acme.<domain>`, where `acme` is a portal's alias. */
  readonly domain: string | undefined;
}

/**
 * Serves every portal as an incoming webhook, for SDKs that know nothing of the gateway (docs/sdk.md): the vendor's URLs,
 * encodings, envelope and errors. The key is in the URL, which is never logged.
 */
export function webhooks(parts: WebhooksOptions) {
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
      replyFault(toFault(error), request, reply);
    });
    // No HEAD: it would run the method as GET does, although callers expect it to change nothing.
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
  parts: WebhooksOptions,
  request: FastifyRequest<{ Params: { '*': string } }>,
  reply: FastifyReply,
  findPortal: () => Promise<PortalId>,
): Promise<FastifyReply> {
  const requested = webhookOf(request);
  const caller = callerOf(request, reply);
  const portal = await unlessAborted(findPortal(), caller.signal);
  const params = { ...parsePhpParams(queryOf(request)), ...(request.body as PhpParams | undefined) };
  assertSafeJson(params);
  const command = webhookCommand(requested.method, params);
  if (!command) throw new Fault('method_not_found', { detail: 'Method not found!' });
  startOperation(request, {
    action: 'callBySdk',
    isRead: command.effect === 'read',
    findPortal: () => Promise.resolve(portal),
  });
  // A caller's own batch runs the methods inside it.
  const methods = command.inside?.map((it) => it.method) ?? [command.method];
  const run = () => parts.line.answer(caller, 'call', portal, command);
  const answer = await recordingMethods(request.scope.audit, methods, run, (it) => {
    const code = it.ok ? 'done' : it.fault.code;
    return methods.map(() => code);
  });
  setLineHeaders(reply, answer);
  if (answer.ok) replyAsVendor(reply, vendorResult(answer));
  else replyAnswerFault(answer, request, reply);
  return reply;
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
    replyAsVendor(reply, vendorError(fault, shared));
  });
}

function queryOf({ url }: FastifyRequest): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

function paramsIn(type: string, text: string): PhpParams {
  if (/^application\/json\b/i.test(type)) return parseJsonParams(text);
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return parsePhpParams(text);
  if (text === '') return {};
  throw new Fault('unsupported_media_type', { detail: 'Send a form (application/x-www-form-urlencoded) or JSON.' });
}

/** Finds the portal by the host of the request: its domain, or its alias before our own domain. */
function portalOfHost({ headers }: FastifyRequest, { portals, domain }: WebhooksOptions): Promise<PortalId> {
  const host = (headers.host ?? '').toLowerCase();
  const bare = host.replace(/:\d+$/, '');
  if (domain && bare.endsWith(`.${domain}`)) return portals.find(bare.slice(0, -domain.length - 1));
  return portals.find(host).catch((error: unknown) => {
    if (bare === host) throw error;
    return portals.find(bare);
  });
}
