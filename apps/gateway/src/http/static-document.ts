import { negotiate } from '@fastify/accept-negotiator';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Encoding = 'br' | 'gzip' | 'identity';

/** In the order of preference if a caller has none. */
const encodings: Encoding[] = ['br', 'gzip', 'identity'];
/** The best quality that takes a fraction of a second; 11 would take seconds to save a few percent. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const [brotli, gzipped] = [promisify(brotliCompress), promisify(gzip)];

/**
 * A text that does not change while the process runs. It is compressed once per encoding, off the main thread, on first
 * use, and validated by an ETag.
 */
export class StaticDocument {
  private readonly text: Buffer;
  private readonly digest: string;
  private readonly encoded = new Map<Encoding, Promise<Buffer>>();

  constructor(
    text: string,
    private readonly contentType: string,
  ) {
    this.text = Buffer.from(text);
    this.digest = createHash('sha256').update(this.text).digest('base64url');
  }

  async show({ headers }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const encoding = negotiate(headers['accept-encoding'] ?? '', encodings) ?? 'identity';
    // A strong ETag, so each encoding has its own.
    const etag = `"${this.digest}${encoding === 'identity' ? '' : `-${encoding}`}"`;
    const vary = [reply.getHeader('Vary'), 'Accept-Encoding'].flat().filter(Boolean).join(', ');
    void reply.headers({ ETag: etag, 'Cache-Control': 'no-cache', Vary: vary });
    if (isKnown(etag, headers['if-none-match'])) return reply.status(304).send();
    if (encoding !== 'identity') void reply.header('Content-Encoding', encoding);
    return reply.type(this.contentType).send(await this.in(encoding));
  }

  private in(encoding: Encoding): Promise<Buffer> {
    const known = this.encoded.get(encoding);
    if (known) return known;
    const made = this.compressed(encoding);
    this.encoded.set(encoding, made);
    return made;
  }

  private compressed(encoding: Encoding): Promise<Buffer> {
    if (encoding === 'br') return brotli(this.text, brotliOptions);
    return encoding === 'gzip' ? gzipped(this.text, { level: 9 }) : Promise.resolve(this.text);
  }
}

/** Matches any ETag of a list, compared weakly (RFC 9110, 13.1.2). */
function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((it) => {
    const given = it.trim();
    return given === '*' || (given.startsWith('W/') ? given.slice(2) : given) === etag;
  });
}
