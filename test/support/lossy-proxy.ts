import { createServer, request as ask, type Server } from 'node:http';
import { once } from 'node:events';

/** A way to a gateway on which the answer to the first request that fits is lost: it was carried out, and nobody hears of it. */
export class LossyProxy {
  /** Answers that were lost. */
  lost = 0;

  private constructor(private readonly server: Server) {}

  static async before(url: string, fits: { method: string; path: RegExp }): Promise<LossyProxy> {
    const server = createServer((incoming, outgoing) => {
      const { method = '', url: path = '', headers } = incoming;
      const onward = ask(`${url}${path}`, { method, headers }, (answer) => {
        const isLost = proxy.lost === 0 && method === fits.method && fits.path.test(path);
        if (!isLost) {
          outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
          answer.pipe(outgoing);
          return;
        }
        proxy.lost++;
        answer.resume().on('end', () => incoming.socket.destroy());
      });
      incoming.pipe(onward);
      outgoing.on('close', () => onward.destroy());
    });
    const proxy = new LossyProxy(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
