import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';

/** Shorter answers are not worth the time. */
const minBytes = 4096;

/**
 * Compresses JSON answers for callers that accept it. Streams of lines and files stay as they are: lines must arrive one
 * by one, and a file has its own encoding.
 */
export async function compressAnswers(fastify: FastifyInstance): Promise<void> {
  await fastify.register(compress, {
    threshold: minBytes,
    encodings: ['gzip', 'deflate'],
    customTypes: /^application\/(?:problem\+)?json\b/,
  });
}
