import { once } from 'node:events';
import { request as requestTo } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { ServerCredentials } from './test-authority';

/** An https server on loopback that passes every request on to an http server. */
export class TlsFront {
  /** Whether each connection resumed a TLS session. */
  readonly resumed: boolean[] = [];
  /** Whether each answer ends its connection. */
  endsConnections = false;

  private constructor(private readonly server: Server) {}

  static async before(httpHost: string, credentials: ServerCredentials): Promise<TlsFront> {
    const server = createServer(credentials, (incoming, outgoing) => {
      const { method = '', url = '', headers } = incoming;
      const onward = requestTo(`http://${httpHost}${url}`, { method, headers }, (answer) => {
        outgoing.shouldKeepAlive &&= !front.endsConnections;
        outgoing.writeHead(answer.statusCode ?? 0, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
        answer.pipe(outgoing);
      });
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    });
    const front = new TlsFront(server);
    server.on('secureConnection', (socket: TLSSocket) => front.resumed.push(socket.isSessionReused()));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return front;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
