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
  /** What was sent; empty for an upload, which is read while it arrives. */
  readonly bytes: Buffer;
  readonly length: number;
  /** `$_POST`: PHP fills it for POST, from a form or multipart. */
  readonly posted: OrderedArray;
  /** `$_FILES`. */
  readonly files: readonly ReceivedFile[];
  /** Of an upload only. */
  readonly contents: ReadonlyMap<ReceivedFile, readonly Buffer[]>;
}

type ReceivedForm = Pick<ReceivedBody, 'posted' | 'files' | 'contents'>;

/** PHP's own content type: without parameters, in lower case. */
function mediaTypeOf(request: Pick<IncomingMessage, 'headers'>): string {
  return /^[^;, ]*/.exec((request.headers['content-type'] ?? '').toLowerCase())?.[0] ?? '';
}

/** A body sent to `upload` is never stored twice. */
export async function readBody(request: IncomingMessage): Promise<ReceivedBody> {
  const mediaType = request.method === 'POST' ? mediaTypeOf(request) : '';
  if (isUpload(request)) return readUpload(request, mediaType);
  const bytes = Buffer.concat(await chunksOf(request));
  const { length } = bytes;
  if (mediaType === 'multipart/form-data') {
    return { bytes, length, ...(await readMultipart(request, Readable.from([bytes]), false)) };
  }
  const isForm = mediaType === 'application/x-www-form-urlencoded';
  const posted = isForm ? parsePostedForm(bytes.toString('latin1')) : new OrderedArray();
  return { bytes, length, posted, files: [], contents: new Map() };
}

function isUpload({ url = '' }: IncomingMessage): boolean {
  return /^\/rest\/(?:[^/?]+\/[^/?]+\/)?upload(?:\.json)?\/*(?:\?|$)/i.test(url);
}

async function readUpload(request: IncomingMessage, mediaType: string): Promise<ReceivedBody> {
  const bytes = Buffer.alloc(0);
  if (mediaType === 'multipart/form-data') {
    let length = 0;
    request.on('data', (chunk: Buffer) => (length += chunk.length));
    const form = await readMultipart(request, request, true);
    return { bytes, length, ...form };
  }
  const chunks = await chunksOf(request);
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const file = { field: '', name: '', size: length, sha256: hash.digest('hex') };
  return { bytes, length, posted: new OrderedArray(), files: [file], contents: new Map([[file, chunks]]) };
}

/** Reads fields and hashes files while they arrive. A form without a boundary, or cut short, has what was read. */
async function readMultipart(
  { headers }: IncomingMessage,
  body: Readable,
  storesContents: boolean,
): Promise<ReceivedForm> {
  const form = { posted: new OrderedArray(), files: [] as ReceivedFile[], contents: new Map<ReceivedFile, Buffer[]>() };
  try {
    const limits = { fieldNameSize: Infinity, fieldSize: Infinity };
    const reader = new Busboy({ headers: headers as BusboyHeaders, limits, defCharset: 'latin1', isPartAFile });
    reader.on('field', (name, value) => registerVariable(form.posted, bytesOfText(name), textOfBytes(value)));
    reader.on('file', (field, stream, name) => {
      readFile(stream, storesContents, (file, chunks) => {
        const received = { field, name, ...file };
        form.files.push(received);
        if (storesContents) form.contents.set(received, chunks);
      });
    });
    await pipeline(body, reader);
  } catch {
    // What PHP can't read of a form it leaves out, without an error.
  }
  return form;
}

function isPartAFile(_field: string | undefined, _type: string | undefined, name: string | undefined): boolean {
  return name !== undefined;
}

function readFile(
  stream: Readable,
  storesChunks: boolean,
  done: (file: Pick<ReceivedFile, 'size' | 'sha256'>, chunks: Buffer[]) => void,
): void {
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    size += chunk.length;
    if (storesChunks) chunks.push(chunk);
  });
  stream.on('end', () => done({ size, sha256: hash.digest('hex') }, chunks));
}

async function chunksOf(request: IncomingMessage): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks;
}
