import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyHeaders } from '@fastify/busboy';
import { OrderedArray } from './ordered-array';
import { parsePostedForm, registerVariable } from './php-query';
import { bytesOfText, textOfBytes } from './php-text';

/** A file of a form or an upload. */
export interface ReceivedFile {
  /** The name of the form's field; empty for an upload without a form. */
  readonly field: string;
  readonly name: string;
  readonly size: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** The body of a request as PHP hands it to a script. */
export interface ReceivedBody {
  /** What was sent; empty when it was read as it came. */
  readonly bytes: Buffer;
  /** `$_POST`: PHP fills it for POST, from a form or multipart. */
  readonly posted: OrderedArray;
  /** `$_FILES`. */
  readonly files: readonly ReceivedFile[];
}

/** PHP's own content type: without parameters, in lower case. */
function mediaTypeOf(request: Pick<IncomingMessage, 'headers'>): string {
  return /^[^;, ]*/.exec((request.headers['content-type'] ?? '').toLowerCase())?.[0] ?? '';
}

export async function readBody(request: IncomingMessage): Promise<ReceivedBody> {
  const bytes = await bytesOf(request);
  const mediaType = request.method === 'POST' ? mediaTypeOf(request) : '';
  if (mediaType === 'multipart/form-data') return { bytes, ...(await readMultipart(request, Readable.from([bytes]))) };
  const isForm = mediaType === 'application/x-www-form-urlencoded';
  return { bytes, posted: isForm ? parsePostedForm(bytes.toString('latin1')) : new OrderedArray(), files: [] };
}

/** Reads fields and hashes files while they arrive. A form without a boundary, or cut short, has what was read. */
async function readMultipart(
  request: IncomingMessage,
  body: Readable,
): Promise<Pick<ReceivedBody, 'posted' | 'files'>> {
  const posted = new OrderedArray();
  const files: ReceivedFile[] = [];
  try {
    await pipeline(body, multipartReader(request, posted, files));
  } catch {
    // What PHP can't read of a form it leaves out, without an error.
  }
  return { posted, files };
}

function multipartReader(request: IncomingMessage, posted: OrderedArray, files: ReceivedFile[]) {
  const limits = { fieldNameSize: Infinity, fieldSize: Infinity };
  const reader = new Busboy({ headers: request.headers as BusboyHeaders, limits, defCharset: 'latin1' });
  reader.on('field', (name, value) => registerVariable(posted, bytesOfText(name), textOfBytes(value)));
  reader.on('file', (field, stream, name) => {
    const hash = createHash('sha256');
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      size += chunk.length;
    });
    stream.on('end', () => files.push({ field, name, size, sha256: hash.digest('hex') }));
  });
  return reader;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
