import { Bytes, Fault, mergedInOrder } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { assertNotCompressed } from '../../http/body-parsers';
import { parseMultipart } from '../../http/multipart';
import { readJsonBody } from '../../http/payload-body';
import { parsePhpParams, type PhpParams } from '../../http/php-params';
import { readBody } from '../../http/read-body';
import { type GivenParams, namedParams } from '../../line/any-method';

/**
 * Reads a body as the vendor does: JSON and multipart by their type, anything else as a form. A body that the vendor
 * would not read, so that the method ran without its parameters, is refused.
 * @throws Fault invalid_request, unsupported_media_type, body_too_large
 */
export async function readSdkBody(request: FastifyRequest, stream: Readable, maxBytes: number): Promise<PhpParams> {
  const type = (request.headers['content-type'] ?? '').toLowerCase();
  assertNotCompressed(request);
  if (type.startsWith('multipart/form-data')) return parseMultipart(request, stream, maxBytes);
  const bytes = await readBody(request, stream, maxBytes);
  if (type.includes('json')) return parseJsonParams(bytes);
  if (!/^\s*[{[]/.test(bytes.part(0, 100).toString('latin1'))) return parsePhpParams(bytes);
  throw new Fault('unsupported_media_type', {
    detail: 'The body looks like JSON, but its Content-Type says a form: send `Content-Type: application/json`.',
  });
}

/** Reads a body of version 3, which takes JSON only. @throws Fault unsupported_media_type, invalid_request, body_too_large */
export async function readV3Body(request: FastifyRequest, stream: Readable, maxBytes: number): Promise<unknown> {
  assertNotCompressed(request);
  const bytes = await readBody(request, stream, maxBytes);
  if (bytes.length === 0) return undefined;
  if ((request.headers['content-type'] ?? '').toLowerCase().includes('json')) return readJsonBody(bytes);
  throw new Fault('unsupported_media_type', { detail: 'Version 3 of the API takes JSON only.' });
}

/** Merges the query and the body; the body counts where both name a parameter. */
export function allParams(query: string, body: PhpParams | undefined): PhpParams {
  const inQuery = parsePhpParams(new Bytes([Buffer.from(query, 'latin1')]));
  return body === undefined ? inQuery : mergedInOrder(inQuery, body);
}

/** @throws Fault invalid_request for a body that is not an object or a list in JSON */
export function parseJsonParams(bytes: Bytes): PhpParams {
  if (/^\s*$/.test(bytes.part(0, 100).toString('latin1')) && bytes.length < 100) return {};
  const value = readJsonBody(bytes);
  if (typeof value === 'object' && value !== null) return namedParams(value as GivenParams);
  throw new Fault('invalid_request', { detail: 'The body must be a JSON object, or a list of positional parameters.' });
}
