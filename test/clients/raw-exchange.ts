import { once } from 'node:events';
import { connect } from 'node:net';

/** The answer to bytes that were written to a socket as they are. */
export interface RawReply {
  readonly status: number;
  readonly body: string;
}

/** Writes one HTTP request, given as bytes, and reads one response that states its length or is chunked. */
export async function rawExchange(host: string, request: Buffer): Promise<RawReply> {
  const [hostname = '', port] = host.split(':');
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.write(request);
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    const reply = wholeReply(received);
    if (reply !== undefined) return reply;
  }
  throw new Error(`The connection ended within a response: ${received.toString()}`);
}

function wholeReply(received: Buffer): RawReply | undefined {
  const headLength = received.indexOf('\r\n\r\n');
  if (headLength < 0) return undefined;
  const head = received.subarray(0, headLength).toString();
  const body = received.subarray(headLength + 4);
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1]);
  if (Number.isNaN(length) ? !body.toString().endsWith('0\r\n\r\n') : body.length < length) return undefined;
  const text = Number.isNaN(length) ? unchunked(body.toString('latin1')) : body.toString();
  return { status: Number(head.split(' ')[1]), body: text };
}

function unchunked(text: string): string {
  const chunks: string[] = [];
  let at = 0;
  for (let size = -1; size !== 0;) {
    const sizeEnd = text.indexOf('\r\n', at);
    size = parseInt(text.slice(at, sizeEnd), 16);
    chunks.push(text.slice(sizeEnd + 2, sizeEnd + 2 + size));
    at = sizeEnd + 4 + size;
  }
  return Buffer.from(chunks.join(''), 'latin1').toString();
}
