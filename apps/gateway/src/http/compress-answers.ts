import compress from '@fastify/compress';
import type { FastifyInstance, onSendHookHandler, RouteOptions } from 'fastify';

/** Shorter answers are not worth the time. */
const minBytes = 4096;
/** Of UTF-8, for one unit of a JavaScript string. */
const maxBytesPerCharacter = 3;
/** Routes whose answers are JSON. Pages and documents have encodings of their own, and files come as they are. */
const jsonRoutes = /^\/(?:v1|p|rest)(?:\/|$)/;

/**
 * Compresses JSON answers for callers that accept it. Streams of lines stay as they are, because each line must arrive
 * when it is written.
 */
export async function compressAnswers(fastify: FastifyInstance): Promise<void> {
  fastify.addHook('onRoute', (route: RouteOptions) => {
    if (!jsonRoutes.test(route.url)) route.compress = false;
  });
  await fastify.register(compress, {
    threshold: minBytes,
    encodings: ['gzip', 'deflate'],
    customTypes: /^application\/(?:problem\+)?json\b/,
  });
  fastify.addHook('onRoute', (route: RouteOptions) => {
    if (route.compress !== false && route.onSend) route.onSend = [route.onSend].flat().map(unlessSmall);
  });
}

/** Spares answers that are certainly short what the library does before it reads the length. */
function unlessSmall(hook: onSendHookHandler): onSendHookHandler {
  return function (request, reply, payload, done) {
    if (typeof payload === 'string' && payload.length * maxBytesPerCharacter < minBytes) done();
    else hook.call(this, request, reply, payload, done);
  };
}
