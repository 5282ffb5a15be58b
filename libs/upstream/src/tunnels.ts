import { isIP, type Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import { type Egress, egressTarget, type EgressTarget } from './egress';
import type { OutgoingProxy } from './outgoing-proxy';
import { proxyFailure } from './proxy-failure';
import { storing, tlsOptions, TlsSessions } from './tls-sessions';

/**
 * Connections through a proxy, by CONNECT (RFC 9110, section 9.3.6) for https and http alike, so that an answer of the
 * proxy is never taken for one of the target. The proxy resolves the target's name.
 */
export class Tunnels {
  private readonly sessions = new TlsSessions();

  /** @param timeoutMs limits each step: the connection to the proxy, its answer, and the TLS handshake */
  constructor(
    private readonly timeoutMs: number,
    private readonly egress: Egress,
  ) {}

  connect(
    proxy: OutgoingProxy,
    target: EgressTarget,
    given: buildConnector.Options,
    callback: buildConnector.Callback,
  ): void {
    this.open(proxy, target).then(
      (socket) => {
        if (target.protocol === 'https:') this.secure(socket, target, given, callback);
        else callback(null, socket);
      },
      (error: unknown) => {
        callback(proxyFailure(error), null);
      },
    );
  }

  /** @throws Error with the code of the connection to the proxy, or `STATUS_` and the status of its answer */
  private async open({ origin, authorization }: OutgoingProxy, target: EgressTarget): Promise<Socket> {
    const client = new Client(origin, { connect: this.toProxy(origin), headersTimeout: this.timeoutMs });
    const path = authorityOf(target);
    const headers = { host: path, ...(authorization && { 'proxy-authorization': authorization.reveal() }) };
    try {
      const { statusCode, socket } = await client.connect({ path, headers });
      if (statusCode >= 200 && statusCode < 300) return socket as Socket;
      socket.on('error', () => undefined).destroy();
      throw Object.assign(new Error('The proxy refused.'), { code: `STATUS_${statusCode}` });
    } finally {
      void client.close();
    }
  }

  /** The connection of the proxy's own client is to the proxy, whatever host the CONNECT names. */
  private toProxy(origin: string): buildConnector.connector {
    const connector = this.connectorFor(egressTarget(new URL(origin)));
    return (given, callback) => {
      connector({ ...given, servername: '' }, callback);
    };
  }

  private secure(
    socket: Socket,
    target: EgressTarget,
    given: buildConnector.Options,
    callback: buildConnector.Callback,
  ): void {
    this.connectorFor(target)(
      { ...given, httpSocket: socket },
      (...[error, secured]: Parameters<buildConnector.Callback>) => {
        if (!error) {
          callback(null, secured);
          return;
        }
        socket.destroy();
        const { code } = error as NodeJS.ErrnoException;
        callback(code === 'ECONNRESET' ? proxyFailure(error) : error, null);
      },
    );
  }

  private connectorFor(target: EgressTarget): buildConnector.connector {
    const tls = target.protocol === 'https:' ? tlsOptions(target, this.egress, this.sessions) : {};
    const connector = buildConnector({ timeout: this.timeoutMs, ...tls });
    return (given, callback) => {
      connector(given, storing(target, this.sessions, callback));
    };
  }
}

function authorityOf({ hostname, port }: EgressTarget): string {
  return `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port}`;
}
