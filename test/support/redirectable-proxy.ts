import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';

/** An address that leads to one server, and later to another; connections that are there stay where they are. */
export class RedirectableProxy {
  private constructor(
    private readonly server: Server,
    private target: number,
  ) {}

  static async to(port: number): Promise<RedirectableProxy> {
    const server = createServer();
    const proxy = new RedirectableProxy(server, port);
    server.on('connection', (incoming) => {
      const outgoing = connect(proxy.target, '127.0.0.1');
      incoming.pipe(outgoing).pipe(incoming);
      for (const end of [incoming, outgoing]) {
        end.on('error', () => undefined);
        end.on('close', () => {
          incoming.destroy();
          outgoing.destroy();
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  lead(to: number): void {
    this.target = to;
  }

  close(): void {
    this.server.close();
  }
}
