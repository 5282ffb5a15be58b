import { type Readable, Transform } from 'node:stream';
import { bodyTooLarge } from '../../http/read-body';

/** Returns the stream, which fails with Fault body_too_large once it exceeds a size. */
export function bounded(stream: Readable, maxBytes: number): Readable {
  let length = 0;
  const counted = new Transform({
    transform(piece: Buffer, _encoding, done) {
      length += piece.length;
      if (length > maxBytes) done(bodyTooLarge(maxBytes));
      else done(null, piece);
    },
  });
  stream.once('error', (error) => counted.destroy(error));
  stream.once('aborted', () => counted.destroy(new Error('The caller hung up.')));
  return stream.pipe(counted);
}
