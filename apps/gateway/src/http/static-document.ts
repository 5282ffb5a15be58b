import { negotiate } from '@fastify/accept-negotiator';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { matchesEtag } from './etag';

type Encoding = 'br' | 'gzip' | 'identity';

/** In the order of preference if a caller has none. */
const encodings: Encoding[] = ['br', 'gzip', 'identity'];
/** The best quality that takes a fraction of a second; 11 would take seconds to save a few percent. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const [brotli, gzipped] = [promisify(brotliCompress), promisify(gzip)];

/**
 * A text that does not change while the process runs. It is read on first use, compressed once per encoding, off the main
 * thread, and validated by an ETag.
 */
export class StaticDocument {
  private known: { readonly text: Buffer; readonly digest: string } | undefined;
  private readonly encoded = new Map<Encoding, Promise<Buffer>>();

  constructor(
    private readonly readText: () => string,
    private readonly contentType: string,
  ) {}

  async show({ headers }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const encoding = negotiate(headers['accept-encoding'] ?? '', encodings) ?? 'identity';
    // A strong ETag, so each encoding has its own.
    const etag = `"${this.content.digest}${encoding === 'identity' ? '' : `-${encoding}`}"`;
    const vary = [reply.getHeader('Vary'), 'Accept-Encoding'].flat().filter(Boolean).join(', ');
    void reply.headers({ ETag: etag, 'Cache-Control': 'no-cache', Vary: vary });
    if (matchesEtag(etag, headers['if-none-match'])) return reply.status(304).send();
    if (encoding !== 'identity') void reply.header('Content-Encoding', encoding);
    return reply.type(this.contentType).send(await this.in(encoding));
  }

  private get content(): { readonly text: Buffer; readonly digest: string } {
    if (this.known) return this.known;
    const text = Buffer.from(this.readText());
    return (this.known = { text, digest: createHash('sha256').update(text).digest('base64url') });
  }

  private in(encoding: Encoding): Promise<Buffer> {
    const known = this.encoded.get(encoding);
    if (known) return known;
    const made = this.compressed(encoding);
    this.encoded.set(encoding, made);
    return made;
  }

  private compressed(encoding: Encoding): Promise<Buffer> {
    const { text } = this.content;
    if (encoding === 'br') return brotli(text, brotliOptions);
    return encoding === 'gzip' ? gzipped(text, { level: 9 }) : Promise.resolve(text);
  }
}
