import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { ServerCredentials } from './test-authority';

/** What a proxy does with a CONNECT: a status to answer with, no answer, or the end of the connection before or after its answer. */
type ProxyBehavior = number | 'silent' | 'closed' | 'closed after 200';

/** A forward proxy on loopback that serves CONNECT only. For it, every name leads to loopback. */
export class ConnectProxy {
  /** The `host:port` of every tunnel that was made. */
  readonly tunnels: string[] = [];
  /** The `Proxy-Authorization` of every CONNECT. */
  readonly logins: (string | undefined)[] = [];
  /** Requests without CONNECT, which are refused. */
  readonly plainRequests: string[] = [];
  behavior: ProxyBehavior = 200;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly scheme: 'http' | 'https',
  ) {}

  /** @param credentials for a proxy that is itself connected to by TLS */
  static async listen(credentials?: ServerCredentials): Promise<ConnectProxy> {
    const server = credentials ? createTlsServer(credentials) : createServer();
    const proxy = new ConnectProxy(server, credentials ? 'https' : 'http');
    server.on('request', ({ method, url }, response) => {
      proxy.plainRequests.push(`${method} ${url}`);
      response.writeHead(400).end();
    });
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      proxy.answer(request, socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  get url(): string {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  /** Such as `http://user:password@127.0.0.1:3128`. */
  urlWith(login: string): string {
    return this.url.replace('://', `://${login}@`);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer({ url = '', headers }: IncomingMessage, socket: Socket): void {
    this.hold(socket);
    this.logins.push(headers['proxy-authorization']);
    if (this.behavior === 'silent') return;
    if (this.behavior === 'closed') socket.destroy();
    else if (this.behavior === 'closed after 200') socket.end('HTTP/1.1 200 OK\r\n\r\n');
    else if (this.behavior !== 200) socket.end(`HTTP/1.1 ${this.behavior} Refused\r\n\r\n<p>Refused</p>`);
    else this.tunnel(url, socket);
  }

  private tunnel(authority: string, socket: Socket): void {
    const onward = connect(Number(authority.slice(authority.lastIndexOf(':') + 1)), '127.0.0.1', () => {
      this.tunnels.push(authority);
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    this.hold(onward);
    onward.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    for (const end of [socket, onward]) {
      end.on('close', () => {
        socket.destroy();
        onward.destroy();
      });
    }
  }

  private hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }
}
