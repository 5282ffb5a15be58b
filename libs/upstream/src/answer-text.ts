import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, type ZlibOptions } from 'node:zlib';

const decompressors: ReadonlyMap<string, (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>> = new Map([
  ['gzip', promisify<Buffer, ZlibOptions, Buffer>(gunzip)],
  ['deflate', promisify<Buffer, ZlibOptions, Buffer>(inflate)],
  ['br', promisify<Buffer, ZlibOptions, Buffer>(brotliDecompress)],
]);

/** Returns a function for an answer that a server in between has compressed although nobody accepts that. */
export function decompressorOf(
  encoding: string | string[] | undefined,
): ((bytes: Buffer, options: ZlibOptions) => Promise<Buffer>) | undefined {
  return encoding === undefined ? undefined : decompressors.get(String(encoding).toLowerCase());
}

/** Decodes UTF-8, without a byte order mark. */
export function textOfBytes(bytes: Buffer): string {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0);
}
