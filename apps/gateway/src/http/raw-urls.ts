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

/** Connections that were parsed a second time. */
const replayedConnections = new WeakSet<object>();

/** Returns whether a connection was parsed a second time; it serves one request. */
export function isReplayed(connection: object): boolean {
  return replayedConnections.has(connection);
}

export interface RawUrlOptions {
  /** Whether a request of this connection has no complete answer yet. */
  readonly isAnswering: (socket: Socket) => boolean;
  /** Answers what cannot be parsed. */
  readonly refuse: (socket: Socket) => void;
}

/**
 * Accepts URLs with raw UTF-8, which PHP's `file_get_contents` and nginx send and Node's parser refuses: the request is
 * parsed a second time with these bytes percent-encoded. Behind a request that has no answer yet it ends the connection,
 * because two parsers would not keep the order of the answers.
 */
export function acceptRawUrls(server: Server, { isAnswering, refuse }: RawUrlOptions): void {
  server.removeAllListeners('clientError');
  server.on('clientError', (error: ParserError, socket: Socket) => {
    const packet = error.code === 'HPE_INVALID_URL' ? error.rawPacket : undefined;
    const encoded = packet && withEncodedTarget(packet);
    if (!encoded || !socket.readable || isReplayed(socket)) refuse(socket);
    else if (isAnswering(socket)) socket.destroy();
    else server.emit('connection', replayed(socket, encoded));
  });
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
  // What the parser and the server's time limits have put there; what waits for the end of the connection stays.
  for (const event of ['data', 'end', 'error', 'drain', 'timeout']) socket.removeAllListeners(event);
  const connection = Duplex.from({ readable: socket, writable: socket });
  connection.unshift(first);
  replayedConnections.add(connection);
  return Object.assign(connection, {
    remoteAddress: socket.remoteAddress,
    remotePort: socket.remotePort,
    setTimeout: socket.setTimeout.bind(socket),
    setKeepAlive: socket.setKeepAlive.bind(socket),
    setNoDelay: socket.setNoDelay.bind(socket),
    destroySoon: () => connection.end(() => socket.destroySoon()),
  });
}
