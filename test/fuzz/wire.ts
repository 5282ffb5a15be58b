import { type IncomingMessage, request as ask } from 'node:http';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { isStream } from '../support/api-document';

/** Bytes to send, whether or not they are HTTP. */
export interface WireBytes {
  /** The method of the request: an answer to HEAD has no body. */
  readonly method: string;
  readonly bytes: Buffer;
  /** Whether the sender closes its half of the connection after the last byte, or hangs up. */
  readonly then: 'waits' | 'closes' | 'is gone';
}

export interface WireReply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** How long a streamed answer is read. */
const streamMs = 300;
/** The longest answer that is read completely. */
const longest = 8 * 1024 * 1024;

/** `silent`: the connection ended without an answer; `late`: no answer came in time. */
export type WireOutcome = WireReply | 'silent' | 'late';

/** Sends the bytes on a connection of their own and parses the answer as strictly as Node does. */
export function exchange(port: number, { method, bytes, then }: WireBytes, limitMs: number): Promise<WireOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const end = (outcome: WireOutcome) => {
      clearTimeout(timer);
      if (socket.readyState !== 'closed') socket.resetAndDestroy();
      resolve(outcome);
    };
    const timer = setTimeout(end, limitMs, 'late');
    socket.on('error', () => undefined);
    socket.on('connect', () => {
      socket.write(bytes);
      if (then === 'closes') socket.end();
      if (then === 'is gone') setTimeout(end, 5, 'silent');
    });
    // Node's client only parses the answer; its own output is discarded.
    const ear = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => {
        done();
      },
    });
    socket.on('data', (chunk) => ear.push(chunk));
    let over = false;
    const hush = () => {
      if (!over) ear.push(null);
      over = true;
    };
    socket.on('end', hush);
    socket.on('close', hush);
    const listening = ask({ method: method.toUpperCase() === 'HEAD' ? 'HEAD' : 'GET', createConnection: () => ear });
    listening.on('error', (error: NodeJS.ErrnoException) => {
      end(error.code?.startsWith('HPE_') ? { status: 0, headers: {}, text: `no HTTP: ${error.message}` } : 'silent');
    });
    listening.on('response', (answer) => {
      // A request that was never read as HEAD may be refused with a body.
      if (method.toUpperCase() === 'HEAD') end({ status: answer.statusCode ?? 0, headers: answer.headers, text: '' });
      void replyOf(answer).then(end, () => {
        end('silent');
      });
    });
    listening.end();
  });
}

async function replyOf(answer: IncomingMessage): Promise<WireReply> {
  const { headers, statusCode: status = 0 } = answer;
  const reported = (text: string) => ({ status, headers, text });
  if (isStream(headers['content-type'] ?? '')) {
    answer.resume();
    await new Promise((resolve) => setTimeout(resolve, streamMs));
    return reported('');
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((length += chunk.length) > longest) return reported(`longer than ${longest} bytes`);
  }
  return reported(Buffer.concat(chunks).toString('utf8'));
}
