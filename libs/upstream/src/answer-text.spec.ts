import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { decompressorOf, textOfBytes } from './answer-text';

describe('an answer that was compressed although nobody accepts that', () => {
  const plain = Buffer.from('{"result":"ä"}');

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is read: %s', async (encoding, compress) => {
    const decompress = decompressorOf(encoding);
    expect((await decompress?.(compress(plain), { maxOutputLength: plain.length }))?.toString()).toBe(plain.toString());
    await expect(decompress?.(compress(plain), { maxOutputLength: plain.length - 1 })).rejects.toMatchObject({
      code: 'ERR_BUFFER_TOO_LARGE',
    });
  });

  it.each([undefined, 'identity', '', 'zstd', 'constructor', 'toString', '__proto__'])(
    'is taken as it is: %s',
    (encoding) => {
      expect(decompressorOf(encoding)).toBeUndefined();
    },
  );

  it('is taken as it is if it names several encodings', () => {
    expect([decompressorOf(['gzip', 'br']), decompressorOf(['gzip']) !== undefined]).toEqual([undefined, true]);
  });
});

describe('the text of an answer', () => {
  it.each<[what: string, bytes: number[], text: string]>([
    ['is UTF-8', [0xc3, 0xa4], 'ä'],
    ['has no byte order mark', [0xef, 0xbb, 0xbf, 0x61], 'a'],
    ['has what looks like the beginning of a mark', [0xef, 0xbb, 0x61], '\ufffda'],
    ['has another sign with the same end', [0xe2, 0xbb, 0xbf], '\u2eff'],
    ['has another sign with the same start', [0xef, 0xbc, 0xbf], '\uff3f'],
    ['may be empty', [], ''],
  ])('%s', (_what, bytes, text) => {
    expect(textOfBytes(Buffer.from(bytes))).toBe(text);
  });
});
