import { type Bytes, Fault } from '@b24/portal';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { doorOf } from './door';
import { parseMultipart } from './multipart';
import { asPayload, parsePayload } from './payload-body';
import { readBody } from './read-body';

export interface BodyParserOptions {
  readonly maxBytes: number;
  /** For routes whose bodies carry parameters for a portal. */
  readonly maxPayloadBytes: number;
  /** Parses what Bitrix24 posts. @throws Fault invalid_request */
  readonly parseForm: (text: string) => unknown;
}

/**
 * Adds the parsers of bodies. All else than JSON is refused where no door takes it: no page of another site can post
 * JSON.
 */
export function addBodyParsers(
  fastify: FastifyInstance,
  { maxBytes, maxPayloadBytes, parseForm }: BodyParserOptions,
): void {
  fastify.removeAllContentTypeParsers();
  const parseJson = plainJsonParser(fastify);
  fastify.addContentTypeParser('application/json', async (request: FastifyRequest, stream: Readable) => {
    assertNotCompressed(request);
    if (doorOf(request)?.carriesPayload) return parsePayload(await readBody(request, stream, maxPayloadBytes));
    return parseJson(request, await readBody(request, stream, maxBytes));
  });
  fastify.addContentTypeParser('multipart/form-data', async (request: FastifyRequest, stream: Readable) => {
    // With a key in the header: a page of another site could post a form with the console's cookie.
    if (!doorOf(request)?.takesFiles || !request.headers.authorization) throw new Fault('unsupported_media_type');
    assertNotCompressed(request);
    return asPayload({ params: await parseMultipart(request, stream, maxPayloadBytes) });
  });
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    async (request: FastifyRequest, stream: Readable) => {
      // Only where Bitrix24 posts.
      if (!doorOf(request)?.takesForms) throw new Fault('unsupported_media_type');
      return parseForm((await readBody(request, stream, maxBytes)).toString());
    },
  );
}

/** @throws Fault unsupported_media_type for a compressed body, which nothing here reads */
export function assertNotCompressed({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() === 'identity') return;
  throw new Fault('unsupported_media_type', { detail: 'Send the body without Content-Encoding.' });
}

/** Returns Fastify's own parser, which refuses names of prototypes. */
function plainJsonParser(fastify: FastifyInstance): (request: FastifyRequest, bytes: Bytes) => Promise<unknown> {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  return (request, bytes) =>
    new Promise((resolve, reject) => {
      void parse(request, bytes.toString(), (error, value: unknown) => {
        if (error) reject(error);
        else resolve(value);
      });
    });
}
