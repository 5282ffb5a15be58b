import { setNewest } from '@b24/portal';
import type { Socket } from 'node:net';
import { type ConnectionOptions, TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import type { Egress, EgressTarget } from './egress';

/** A session takes about two kilobytes; one that is older than a few hours is of no use. */
const maxSessions = 4000;

/**
 * TLS sessions by server, so that a later connection to the same server needs no full handshake. (undici's own cache
 * holds them weakly: the garbage collector removes them as soon as their connection has ended.)
 */
export class TlsSessions {
  private readonly sessions = new Map<string, Buffer>();

  /** @param server its host and port, which also decide what certificates are trusted */
  of(server: string): Buffer | undefined {
    return this.sessions.get(server);
  }

  /** Stores the session of a connection whose handshake is done. */
  storeFrom(server: string, socket: Socket): void {
    if (!(socket instanceof TLSSocket)) return;
    // Version 1.3 sends sessions after the handshake, several of them.
    if (socket.getProtocol() !== 'TLSv1.3') this.store(server, socket.getSession());
    socket.on('session', (session: Buffer) => {
      this.store(server, session);
    });
  }

  private store(server: string, session: Buffer | undefined): void {
    if (session) setNewest(this.sessions, server, session, maxSessions);
  }
}

/** Returns what a TLS connection trusts, and the session that it resumes. */
export function tlsOptions(
  target: EgressTarget,
  egress: Egress,
  sessions: TlsSessions,
): Pick<ConnectionOptions, 'secureContext' | 'session'> & { readonly maxCachedSessions: 0 } {
  const secureContext = egress.secureContextFor(target);
  const session = sessions.of(serverOf(target));
  return { maxCachedSessions: 0, ...(secureContext && { secureContext }), ...(session && { session }) };
}

/** Returns a callback that also stores the session of the connection. */
export function storing(
  target: EgressTarget,
  sessions: TlsSessions,
  callback: buildConnector.Callback,
): buildConnector.Callback {
  return (...[error, socket]: Parameters<buildConnector.Callback>) => {
    if (error) callback(error, null);
    else {
      sessions.storeFrom(serverOf(target), socket);
      callback(null, socket);
    }
  };
}

function serverOf({ hostname, port }: EgressTarget): string {
  return `${hostname}:${port}`;
}
