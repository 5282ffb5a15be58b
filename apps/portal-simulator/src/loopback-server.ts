import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Exchange } from './exchange';

export type ExchangeHandler = (exchange: Exchange) => Promise<void> | void;

/** One HTTP listener on 127.0.0.1; it keeps idle connections as long as the vendor's front end does. */
export class LoopbackServer {
  private constructor(private readonly server: Server) {}

  static async listen(handler: ExchangeHandler, port = 0): Promise<LoopbackServer> {
    const server = createServer((request, response) => {
      void Exchange.read(request, response)
        .then((exchange) => handler(exchange))
        .catch(() => {
          if (response.headersSent || response.destroyed) response.destroy();
          else response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":"INTERNAL_SERVER_ERROR"}');
        });
    });
    server.keepAliveTimeout = 75_000;
    server.requestTimeout = 0;
    server.headersTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return new LoopbackServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }
}
