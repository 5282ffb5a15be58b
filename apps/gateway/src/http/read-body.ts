import { Bytes, Fault, longTextBytes, within } from '@b24/portal';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import type { BodyMemory } from './body-memory';
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

interface BodyMemoryUse {
  readonly memory: BodyMemory;
  readonly maxBytes: number;
}

/**
 * Waits until there is memory for a large body, which stays unread meanwhile; returns undefined for a small one. A body of
 * unknown length is charged once it
 * turns out to be large. The memory is released when the response is closed.
 * @throws Fault too_many_requests after half a minute
 */
export function chargeBody(
  request: FastifyRequest,
  reply: FastifyReply,
  use: BodyMemoryUse,
): Promise<void> | undefined {
  const bytes = lengthOf(request);
  if (bytes === undefined) request.scope.chargeBody = () => charge(request, reply, use, use.maxBytes);
  else if (bytes > freeBytes && bytes <= use.maxBytes) return charge(request, reply, use, bytes);
  return undefined;
}

async function charge(
  { scope: { client, clock } }: FastifyRequest,
  reply: FastifyReply,
  { memory }: BodyMemoryUse,
  bytes: number,
): Promise<void> {
  if (!client) return;
  const closed = new AbortController();
  let release: () => void = () => undefined;
  onResponseClosed(reply.raw, () => {
    closed.abort(cutOff());
    release();
  });
  const inTime = { clock, ms: graceMs, late: noMemory };
  release = await within(inTime, closed.signal, (ends) => memory.acquire(client.id, bytes, ends));
  if (closed.signal.aborted) release();
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
  const body = new CollectedBody();
  let { chargeBody: chargeOnce } = request.scope;
  return new Promise((resolve, reject) => {
    const watch = watchBody(request, maxBytes, () => {
      fail(tooSlow());
    });
    const end = () => {
      watch.end();
      stream.off('data', take);
    };
    const fail = (error: unknown) => {
      end();
      // Read to its end and discarded, so that the caller gets the answer.
      stream.resume();
      reject(error instanceof Fault ? error : cutOff());
    };
    const take = (piece: Buffer) => {
      watch.progressed();
      if (body.length + piece.length > maxBytes) {
        fail(bodyTooLarge(maxBytes));
        return;
      }
      body.add(piece);
      if (body.length <= freeBytes || !chargeOnce) return;
      stream.pause();
      chargeOnce().then(() => stream.resume(), fail);
      chargeOnce = undefined;
    };
    stream.on('data', take);
    stream.once('error', fail);
    stream.once('end', () => {
      end();
      resolve(body.whole());
    });
  });
}

/**
 * Calls back once a body takes too long, or nothing of it arrives for half a minute. A body that has arrived whole, as
 * small ones do, gets no timer.
 */
export function watchBody(
  request: FastifyRequest,
  maxBytes: number,
  tooLong: () => void,
): { progressed(): void; end(): void } {
  const { clock } = request.scope;
  const endsAtMs = clock.now() + bodyTimeMs(lengthOf(request) ?? maxBytes);
  let progressedAtMs = clock.now();
  let callOff: (() => void) | undefined;
  let isOver = request.raw.complete;
  // The parser reads the body that came with the header in this turn.
  if (!isOver) {
    process.nextTick(() => {
      if (!isOver && !request.raw.complete) callOff = clock.after(graceMs, check);
    });
  }
  function check() {
    const dueMs = Math.min(endsAtMs, progressedAtMs + graceMs) - clock.now();
    if (dueMs <= 0) tooLong();
    else callOff = clock.after(dueMs, check);
  }
  return {
    progressed: () => {
      progressedAtMs = clock.now();
    },
    end: () => {
      isOver = true;
      callOff?.();
    },
  };
}

const noBytes = Buffer.alloc(0);

/**
 * Collects the pieces of a body. Small ones are joined, so that a body in tiny pieces takes no more memory. A single
 * piece is not copied.
 */
export class CollectedBody {
  length = 0;
  private readonly pieces: Buffer[] = [];
  private first: Buffer | undefined;
  private block = noBytes;
  private blockLength = 0;

  add(piece: Buffer): void {
    this.length += piece.length;
    if (this.length === piece.length) {
      this.first = piece;
      return;
    }
    this.joinFirst();
    this.join(piece);
  }

  whole(): Bytes {
    if (this.first) return new Bytes([this.first]);
    this.endBlock();
    return new Bytes(this.pieces);
  }

  private joinFirst(): void {
    if (this.first) this.join(this.first);
    this.first = undefined;
  }

  private join(piece: Buffer): void {
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

  private endBlock(): void {
    if (this.blockLength > 0) this.pieces.push(this.block.subarray(0, this.blockLength));
    this.block = noBytes;
    this.blockLength = 0;
  }
}

function noMemory(): Fault {
  const detail = 'Large bodies of this key, or of all keys, are still in progress; nothing of this one was read.';
  return new Fault('too_many_requests', { detail, retryAfterMs: 1000 });
}

function cutOff(): Fault {
  return new Fault('invalid_request', { detail: 'The connection ended before the body did.' });
}

/** For a body that `watchBody` reports. */
export function tooSlow(): Fault {
  return new Fault('invalid_request', { detail: 'The body arrived too slowly and was not read to its end.' });
}
