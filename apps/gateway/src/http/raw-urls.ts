import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** A request line: method, target and version, in bytes. */
const requestLine = /^([A-Z]{3,10} )([^ \r\n]*)( HTTP\/1\.[01]\r?\n)/;

/** An error of Node's parser. */
interface ParserError extends Error {
  readonly code?: string;
  /** What the parser was given. */
  readonly rawPacket?: Buffer;
}

/**
 * Returns a listener of `clientError` that accepts URLs with raw UTF-8, which PHP's `file_get_contents` and nginx send and
 * Node's parser refuses: the request is parsed a second time with these bytes percent-encoded. Everything else goes to
 * `refuse`.
 */
export function acceptRawUrls(server: Server, refuse: (error: Error, socket: Socket) => void) {
  return (error: ParserError, socket: Socket): void => {
    const packet = error.code === 'HPE_INVALID_URL' ? error.rawPacket : undefined;
    const encoded = packet && withEncodedTarget(packet);
    if (!encoded || !socket.readable) refuse(error, socket);
    else server.emit('connection', replayed(socket, encoded));
  };
}

/** Percent-encodes the target; undefined if the packet does not begin with a request line that needs it. */
export function withEncodedTarget(packet: Buffer): Buffer | undefined {
  const [line, method = '', target = '', version = ''] = requestLine.exec(packet.toString('latin1')) ?? [];
  if (line === undefined) return undefined;
  const encoded = target.replace(/[\x80-\xff]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  if (encoded === target) return undefined;
  return Buffer.concat([Buffer.from(method + encoded + version, 'latin1'), packet.subarray(line.length)]);
}

/** Returns a connection that begins with these bytes and goes on with those of the socket. */
function replayed(socket: Socket, first: Buffer): Duplex {
  for (const event of ['data', 'end', 'error', 'close', 'drain', 'timeout']) socket.removeAllListeners(event);
  const connection = Duplex.from({ readable: socket, writable: socket });
  connection.unshift(first);
  return Object.assign(connection, {
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    setTimeout: socket.setTimeout.bind(socket),
    setKeepAlive: socket.setKeepAlive.bind(socket),
    setNoDelay: socket.setNoDelay.bind(socket),
    destroySoon: () => connection.end(() => socket.destroySoon()),
  });
}
