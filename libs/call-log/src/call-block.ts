import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { type CallColumns, callsOf, columnsOf } from './call-columns';
import type { CallRecord, LoggedCall } from './call-record';
import { encodeTerms } from './call-terms';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

const version = 1;
/** The version, and the length of the deflated part. */
const headBytes = 5;
/** More than any block inflates to. */
const maxInflatedBytes = 8 * 1024 * 1024;

/** A block as it is stored. */
export interface EncodedBlock {
  readonly bytes: Buffer;
  /** The times of its first and last call, unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
  /** The terms that find it; absent while calls may still be added. */
  readonly terms?: Buffer;
}

/** Calls of one replica that are stored together. */
export class CallBlock {
  readonly id = randomBytes(6).toString('hex');
  readonly calls: CallRecord[] = [];

  constructor(readonly openedAtMs: number) {}

  /** Compresses the calls outside the main thread. @param isClosed whether no call will be added */
  async encode(isClosed: boolean): Promise<EncodedBlock> {
    const calls = [...this.calls];
    const { columns, uuids } = columnsOf(this.id, calls);
    const deflated = await deflate(JSON.stringify(columns));
    const head = Buffer.alloc(headBytes);
    head.writeUInt8(version);
    head.writeUInt32BE(deflated.length, 1);
    const times = calls.map(({ atMs }) => atMs);
    return {
      bytes: Buffer.concat([head, deflated, uuids]),
      fromMs: Math.min(...times),
      toMs: Math.max(...times),
      count: calls.length,
      ...(isClosed && { terms: encodeTerms(calls) }),
    };
  }
}

/** Returns the calls of a block in the order in which they ended; undefined for bytes that are no block. */
export async function decodeBlock(bytes: Buffer): Promise<LoggedCall[] | undefined> {
  try {
    if (bytes.readUInt8() !== version) return undefined;
    const end = headBytes + bytes.readUInt32BE(1);
    const text = await inflate(bytes.subarray(headBytes, end), { maxOutputLength: maxInflatedBytes });
    const columns = JSON.parse(text.toString()) as CallColumns;
    return callsOf(columns, bytes.subarray(end)).map((call, i) => ({ id: `${columns.id}-${i}`, ...call }));
  } catch {
    return undefined;
  }
}
