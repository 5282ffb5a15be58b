import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { OutgoingProxy } from './outgoing-proxy';
import type { ProxyExceptions } from './proxy-exceptions';
import type { CaFile } from './read-ca-file';

export interface EgressOptions {
  /** For https URLs. */
  readonly httpsProxy?: OutgoingProxy;
  /** For http URLs. */
  readonly httpProxy?: OutgoingProxy;
  readonly proxyExceptions?: ProxyExceptions;
  /** Trusted for every server, in addition to the roots of Node.js. */
  readonly caFiles?: readonly CaFile[];
  /** Trusted for one server only, in addition to those for all; by `host:port`. */
  readonly caFileByHost?: ReadonlyMap<string, CaFile>;
}

/** A server to connect to. */
export interface EgressTarget {
  readonly protocol: string;
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
}

/** @param given a URL, or the options of a connection */
export function egressTarget({
  protocol,
  hostname,
  port,
}: Record<'protocol' | 'hostname' | 'port', string>): EgressTarget {
  return {
    protocol,
    hostname: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
  };
}

/** Decides how a connection leaves the network: through which proxy, and which certificates it trusts. */
export class Egress {
  private readonly contexts = new Map<CaFile | undefined, SecureContext>();

  constructor(private readonly options: EgressOptions = {}) {}

  /** Returns undefined for a direct connection. */
  proxyFor({ protocol, hostname, port }: EgressTarget): OutgoingProxy | undefined {
    const { httpsProxy, httpProxy, proxyExceptions } = this.options;
    const proxy = protocol === 'https:' ? httpsProxy : httpProxy;
    return proxy && !proxyExceptions?.includes(hostname, port) ? proxy : undefined;
  }

  /** Returns the CA files that are trusted for a server. */
  caFilesFor(target: EgressTarget): readonly CaFile[] {
    const own = this.ownCaFile(target);
    return [...(this.options.caFiles ?? []), ...(own ? [own] : [])];
  }

  /**
   * Returns what TLS connections to a server trust; undefined where no CA file applies. A context is made once, because it
   * takes about 20 ms. Servers with a context of their own share no TLS session with others.
   */
  secureContextFor(target: EgressTarget): SecureContext | undefined {
    const files = this.caFilesFor(target);
    if (files.length === 0) return undefined;
    const own = this.ownCaFile(target);
    const context = this.contexts.get(own) ?? contextOf(files);
    this.contexts.set(own, context);
    return context;
  }

  private ownCaFile({ hostname, port }: EgressTarget): CaFile | undefined {
    return this.options.caFileByHost?.get(`${hostname.toLowerCase()}:${port}`);
  }
}

function contextOf(files: readonly CaFile[]): SecureContext {
  const own = files.flatMap(({ certificates }) => certificates.map(String));
  return createSecureContext({ ca: [...rootCertificates, ...own] });
}
