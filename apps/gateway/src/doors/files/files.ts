import { asFault, ExchangeFailure, Fault, type PortalId, readJson, Scrubber, Secret } from '@b24/portal';
import { fileLink, type FileWire, type FileResponse, isUploadLink } from '@b24/upstream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { hangUpSignal } from '../../http/caller';
import type { Door } from '../../http/door';
import { FairShare } from '../../http/fair-share';
import { replyFault } from '../../http/reply-fault';
import { toFault } from '../../http/to-fault';
import { onResponseClosed } from '../../http/pipelined';
import { bodyTooLarge, lengthOf } from '../../http/read-body';
import type { PortalDirectory } from '../../line/portal-directory';
import { bounded } from './bounded';
import type { SealedLinks } from './sealed-links';

/** Transfers under way on a replica. */
const maxTransfers = 100;
const maxTransfersPerPortal = 20;
/** How long a transfer may make no progress. */
const idleMs = 60_000;
/** An answer that is no file is read up to this size. */
const maxAnswerBytes = 1024 * 1024;

export interface FilesOptions {
  readonly links: SealedLinks;
  readonly portals: PortalDirectory;
  /** Waits for a permit of the portal; returns the function that settles it. */
  readonly acquirePermit: (portal: PortalId, signal: AbortSignal) => Promise<() => void>;
  readonly send: FileWire['send'];
  /** Size of an uploaded file, at most. */
  readonly maxBytes: number;
}

/** Headers of a portal's answer that describe its file. */
const passedHeaders = ['content-type', 'content-length', 'content-encoding', 'etag', 'last-modified'] as const;
const rangeHeaders = ['accept-ranges', 'content-range'] as const;
/** Headers of a caller's request that a portal may answer to. */
const conditionHeaders = ['range', 'if-range', 'if-none-match', 'if-modified-since'] as const;

/**
 * Serves the links that stand for a portal's links to files (docs/files.md). The bytes are streamed; a caller that hangs
 * up ends the transfer, and a slow one slows down the portal.
 */
export class FileTransfers {
  private readonly slots = new FairShare({ maxSlots: maxTransfers, maxSlotsPerName: maxTransfersPerPortal });

  constructor(private readonly options: FilesOptions) {}

  /** Adds the route. */
  readonly routes = (scope: FastifyInstance, _options: object, done: () => void): void => {
    const { options, slots } = this;
    scope.setErrorHandler((error, request, reply) => {
      replyFault(toFault(error), request, reply);
    });
    // Bodies are passed on unread.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _stream, parsed) => {
      parsed(null);
    });
    const door: Door = {
      needsStore: true,
      isDocument: true,
      admit: (request) => {
        options.links.open(sealedOf(request));
        return undefined;
      },
    };
    scope.route({
      ...{ method: ['GET', 'HEAD', 'POST'], exposeHeadRoute: false, url: '/files/*', config: { door } },
      bodyLimit: options.maxBytes,
      handler: (request, reply) => new Transfer(options, request, reply, slots).run(),
    });
    done();
  };
}

/** One file on its way. */
class Transfer {
  private readonly url: URL;
  private readonly isUpload: boolean;
  private readonly signal: AbortSignal;

  constructor(
    private readonly options: FilesOptions,
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    private readonly transfers: FairShare,
  ) {
    this.url = options.links.open(sealedOf(request));
    this.isUpload = isUploadLink(this.url);
    this.signal = hangUpSignal(reply);
  }

  async run(): Promise<FastifyReply> {
    const { request, reply, options } = this;
    if ((request.method === 'POST') !== this.isUpload) throw this.wrongMethod();
    if ((lengthOf(request) ?? 0) > options.maxBytes) throw bodyTooLarge(options.maxBytes);
    const portal = await options.portals.find(this.url.host);
    const leave = this.transfers.enter(portal);
    if (!leave) throw new Fault('too_many_requests', { retryAfterMs: 1000 });
    onResponseClosed(reply.raw, leave);
    // A caller that neither reads nor sends gives its place up.
    reply.raw.setTimeout(idleMs, () => reply.raw.destroy());
    const settle = await options.acquirePermit(portal, this.signal);
    try {
      return await this.answer(await this.send());
    } finally {
      settle();
    }
  }

  private async send(): Promise<FileResponse> {
    const { request, signal, options } = this;
    const method = request.method as 'GET' | 'HEAD' | 'POST';
    const names = this.isUpload ? (['content-type', 'content-length'] as const) : conditionHeaders;
    const headers = Object.fromEntries(names.flatMap((name) => pair(name, request.headers[name])));
    const body = this.isUpload && { body: bounded(request.raw, options.maxBytes) };
    try {
      return await options.send(this.url, { method, headers, signal, ...body });
    } catch (error) {
      throw transferFault(error, this.isUpload);
    }
  }

  private async answer(answered: FileResponse): Promise<FastifyReply> {
    const { reply } = this;
    const { status, headers, body } = answered;
    if (this.isUpload || (status >= 400 && status !== 416)) return this.passText(answered);
    if (status >= 300 && status !== 304 && status !== 416) {
      body.destroy();
      throw new Fault('portal_error', { detail: redirected });
    }
    for (const name of [...passedHeaders, ...rangeHeaders])
      for (const [, value] of pair(name, headers[name])) void reply.header(name, value);
    return reply
      .status(status)
      .headers({
        // A file of a portal must not run as a page of the gateway.
        'Content-Security-Policy': "sandbox; default-src 'none'",
        'Content-Disposition': attachment(headers['content-disposition']),
        'X-Content-Type-Options': 'nosniff',
      })
      .send(body);
  }

  /** Passes on an answer that is no file: what an upload returned, or why the portal refused. */
  private async passText({ status, body }: FileResponse): Promise<FastifyReply> {
    const text = this.withoutSecrets(await textOf(body));
    if (status < 300) return this.reply.status(status).type('application/json; charset=utf-8').send(text);
    const { error, description } = errorIn(text);
    const upstream = { method: this.isUpload ? 'upload' : 'download', status, error, description };
    const code = status >= 500 ? 'portal_error' : 'rejected_by_portal';
    throw new Fault(code, {
      upstream,
      detail: 'The portal refused the file; `upstream` has its error. Call the method again for a new link.',
    });
  }

  /** Removes what the portal's link holds from its answer. */
  private withoutSecrets(text: string): string {
    const values = [...this.url.searchParams.values(), ...this.url.pathname.split('/')];
    const secrets = values
      .filter((it) => it.length >= 8 && !/^(?:download|upload)/i.test(it))
      .map((it) => new Secret(it));
    const endpoint = `${this.url.origin}/rest/`;
    return Scrubber.of(secrets, this.url.host, (link) => {
      const file = fileLink(link, endpoint);
      return file && this.options.links.linkFor(file);
    }).body(text);
  }

  private wrongMethod(): Fault {
    const detail = this.isUpload ? 'Send the file to this link with POST.' : 'Read the file of this link with GET.';
    return new Fault('invalid_request', { detail });
  }
}

const redirected = 'The portal answered with a redirect, which is not followed.';

function sealedOf({ params }: FastifyRequest): string {
  return (params as { '*': string })['*'];
}

function pair(name: string, value: string | string[] | undefined): [string, string][] {
  return typeof value === 'string' ? [[name, value]] : [];
}

/** Returns the portal's name of the file, and that it is to be saved rather than shown. */
function attachment(disposition: string | string[] | undefined): string {
  const [, rest = ''] = typeof disposition === 'string' ? (/^[^;]*(;.*)?$/.exec(disposition) ?? []) : [];
  return `attachment${rest}`;
}

async function textOf(body: Readable): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxAnswerBytes) throw new Fault('answer_too_large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function errorIn(text: string): { error: string; description: string } {
  const read = (value: unknown) => (typeof value === 'string' ? value : '');
  try {
    const { error, error_description: description } = readJson(text) as Record<string, unknown>;
    return { error: read(error), description: read(description) };
  } catch {
    return { error: '', description: '' };
  }
}

function transferFault(error: unknown, isUpload: boolean): Fault {
  if (!(error instanceof ExchangeFailure)) return asFault(error);
  if (isUpload && error.sent)
    return new Fault('outcome_unknown', { detail: `The upload ended without an answer (${error.reason}).` });
  return new Fault('portal_unreachable', {
    detail: `The portal could not be reached, or sent no file (${error.reason}).`,
  });
}
