import { Bytes, Fault, longTextBytes, within } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { BodyMemory } from './body-memory';
import { hangUpSignal } from './caller';
import { onResponseClosed } from './pipelined';

/** Bodies up to this size are not charged: the limits of requests bound them. */
const freeBytes = longTextBytes;
/** The deadline of a call counts from the end of a body above this size. */
const slowBytes = 1024 * 1024;
/** A body must arrive in this time, plus a second for each piece of this size. */
const graceMs = 30_000;
const bytesPerSecond = 64 * 1024;
/** Pieces smaller than a quarter of this are joined. */
const blockBytes = 64 * 1024;

/** Returns the longest time that a body of this size may take, in milliseconds. */
export function bodyTimeMs(bytes: number): number {
  return graceMs + Math.ceil(bytes / bytesPerSecond) * 1000;
}

/** Returns a fault that names the limit of the route. */
export function bodyTooLarge(maxBytes: number): Fault {
  const limit = maxBytes >= 1024 * 1024 ? `${maxBytes / 1024 / 1024} MiB` : `${maxBytes / 1024} KiB`;
  return new Fault('body_too_large', { detail: `Send at most ${limit} to this address.` });
}

/** Returns the announced length of a body, in bytes; undefined if it is sent in chunks. */
export function lengthOf({ headers }: FastifyRequest): number | undefined {
  const text = headers['content-length'];
  if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  return headers['transfer-encoding'] === undefined ? 0 : undefined;
}

/**
 * Waits until there is memory for a large body, which stays unread meanwhile. The memory is released when the response
 * is closed. @throws Fault too_many_requests after half a minute
 */
export async function chargeBody(
  request: FastifyRequest,
  reply: FastifyReply,
  { memory, maxBytes }: { readonly memory: BodyMemory; readonly maxBytes: number },
): Promise<void> {
  const bytes = lengthOf(request) ?? maxBytes;
  const { client } = request.scope;
  if (!client || bytes <= freeBytes || bytes > maxBytes) return;
  const inTime = { clock: request.scope.clock, ms: graceMs, late: noMemory };
  const acquired = within(inTime, hangUpSignal(reply), (ends) => memory.acquire(client.id, bytes, ends));
  onResponseClosed(reply.raw, await acquired);
}

/**
 * Reads a body. The deadline of a call with a large body counts from its last byte.
 * @throws Fault body_too_large, before a byte is read where the length is known; invalid_request when it is too slow
 */
export async function readBody(request: FastifyRequest, stream: Readable, maxBytes: number): Promise<Bytes> {
  const announced = lengthOf(request);
  if (announced !== undefined && announced > maxBytes) throw bodyTooLarge(maxBytes);
  const bytes = await collected(request, stream, maxBytes);
  if (bytes.length > slowBytes) request.scope.bodyReadAtMs = request.scope.clock.now();
  return bytes;
}

function collected(request: FastifyRequest, stream: Readable, maxBytes: number): Promise<Bytes> {
  const announced = lengthOf(request);
  const body = new CollectedBody();
  return new Promise((resolve, reject) => {
    const stop = request.scope.clock.after(bodyTimeMs(announced ?? maxBytes), () => {
      end(() => {
        reject(tooSlow());
      });
    });
    const end = (settle: () => void) => {
      stop();
      stream.off('data', take);
      settle();
    };
    const take = (piece: Buffer) => {
      if (body.length + piece.length <= maxBytes) body.add(piece);
      else
        end(() => {
          // Read to its end and discarded, so that the caller gets the answer.
          stream.resume();
          reject(bodyTooLarge(maxBytes));
        });
    };
    stream.on('data', take);
    stream.once('error', (error) => {
      end(() => {
        reject(error);
      });
    });
    stream.once('end', () => {
      end(() => {
        resolve(body.whole());
      });
    });
  });
}

/** Collects the pieces of a body. Small ones are joined, so that a body in tiny pieces takes no more memory. */
class CollectedBody {
  length = 0;
  private readonly pieces: Buffer[] = [];
  private block = Buffer.alloc(0);
  private blockLength = 0;

  add(piece: Buffer): void {
    this.length += piece.length;
    if (piece.length >= blockBytes / 4) {
      this.endBlock();
      this.pieces.push(piece);
      return;
    }
    if (this.blockLength + piece.length > this.block.length) {
      this.endBlock();
      this.block = Buffer.allocUnsafeSlow(blockBytes);
    }
    this.blockLength += piece.copy(this.block, this.blockLength);
  }

  whole(): Bytes {
    this.endBlock();
    return new Bytes(this.pieces);
  }

  private endBlock(): void {
    if (this.blockLength > 0) this.pieces.push(this.block.subarray(0, this.blockLength));
    this.block = Buffer.alloc(0);
    this.blockLength = 0;
  }
}

function noMemory(): Fault {
  const detail = 'Large bodies of this key, or of all keys, are still in progress; nothing of this one was read.';
  return new Fault('too_many_requests', { detail, retryAfterMs: 1000 });
}

function tooSlow(): Fault {
  return new Fault('invalid_request', { detail: 'The body arrived too slowly and was not read to its end.' });
}
