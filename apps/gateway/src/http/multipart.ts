import Busboy from '@fastify/busboy';
import { Fault, FileText } from '@b24/portal';
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { PhpArray } from './php-array';
import { maxVariables, type PhpParams, putVariable } from './php-params';
import { bodyTooLarge, CollectedBody, lengthOf, tooSlow, watchBody } from './read-body';

/**
 * Parses a multipart form. Fields are read as PHP reads them; a file becomes `[name, content in base64]`, the form in
 * which Bitrix24's methods take files. @throws Fault invalid_request, body_too_large
 */
export async function parseMultipart(request: FastifyRequest, stream: Readable, maxBytes: number): Promise<PhpParams> {
  if ((lengthOf(request) ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  await request.scope.chargeBody?.();
  const form = formParser(request.headers['content-type'] ?? '', maxBytes);
  return new Promise((resolve, reject) => {
    const root = new PhpArray();
    let bytes = 0;
    const watch = watchBody(request, maxBytes, () => {
      fail(tooSlow());
    });
    const fail = (error: unknown) => {
      watch.end();
      stream.unpipe(form);
      stream.resume();
      reject(error instanceof Fault ? error : malformed());
    };
    const guarded = (add: () => void) => {
      try {
        add();
      } catch (error) {
        fail(error);
      }
    };
    form.on('field', (name, value, nameIsCut, valueIsCut) => {
      if (nameIsCut || valueIsCut) fail(malformed());
      else guarded(() => putVariable(root, name, value));
    });
    form.on('file', (name, file, fileName) => {
      const content = new CollectedBody();
      file.on('data', (piece: Buffer) => {
        content.add(piece);
      });
      file.once('end', () =>
        guarded(() => putVariable(root, name, [fileName ?? '', new FileText(content.whole().pieces)])),
      );
    });
    for (const limit of ['partsLimit', 'fieldsLimit', 'filesLimit'] as const) form.once(limit, () => fail(malformed()));
    form.once('error', fail);
    form.once('finish', () => {
      watch.end();
      resolve(root.toObject());
    });
    stream.on('data', (piece: Buffer) => {
      watch.progressed();
      bytes += piece.length;
      if (bytes > maxBytes) fail(bodyTooLarge(maxBytes));
    });
    stream.once('error', fail);
    stream.pipe(form);
  });
}

function formParser(contentType: string, maxBytes: number): InstanceType<typeof Busboy> {
  try {
    const limits = { fieldSize: maxBytes, fileSize: maxBytes, fieldNameSize: 2000, parts: maxVariables };
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch {
    throw malformed();
  }
}

function malformed(): Fault {
  return new Fault('invalid_request', { detail: 'The multipart form is malformed or cut off.' });
}
