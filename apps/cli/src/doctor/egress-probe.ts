import {
  Egress,
  type EgressOptions,
  egressTarget,
  type EgressTarget,
  isProxyFailure,
  reachServer,
} from '@b24/upstream';
import { reasonOf } from '../gateway-api';

const timeoutMs = 10_000;
const certificateCodes = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_)/;

/** Connects to servers as a gateway of these settings does, and describes how. */
export class EgressProbe {
  private readonly egress: Egress;

  constructor(options: EgressOptions) {
    this.egress = new Egress(options);
  }

  /** Sends one GET. @throws Error, which `failure` explains */
  reach(url: string): ReturnType<typeof reachServer> {
    return reachServer(url, this.egress, { timeoutMs });
  }

  /** Names the proxy and the CA files for a URL; empty where there are none. */
  description(url: string): string {
    const target = egressTarget(new URL(url));
    const proxy = this.egress.proxyFor(target);
    const files = this.fileNames(target);
    return [proxy && `, through the proxy ${proxy.origin}`, files && `, verified with ${files} and the public CAs`]
      .filter(Boolean)
      .join('');
  }

  /** Explains why a URL was not reached; without advice where neither a proxy nor a certificate is the reason. */
  failure(url: string, error: unknown): { readonly reason: string; readonly advice?: string } {
    const { code } = error as { code?: unknown };
    const reason = typeof code === 'string' ? code : reasonOf(error);
    const advice = this.advice(egressTarget(new URL(url)), reason);
    return { reason, ...(advice && { advice }) };
  }

  private advice(target: EgressTarget, reason: string): string | undefined {
    const proxy = this.egress.proxyFor(target);
    if (proxy && isProxyFailure(reason)) return proxyAdvice(proxy.origin, target, reason);
    if (certificateCodes.test(reason)) return certificateAdvice(target, reason, this.fileNames(target));
    if (proxy) return `the proxy ${proxy.origin} made the connection, so look behind it`;
    return undefined;
  }

  private fileNames(target: EgressTarget): string {
    if (target.protocol !== 'https:') return '';
    return this.egress
      .caFilesFor(target)
      .map(({ path }) => path)
      .join(' and ');
  }
}

function proxyAdvice(origin: string, { protocol, hostname }: EgressTarget, reason: string): string {
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const status = /STATUS_(\d+)$/.exec(reason)?.[1];
  if (status === '407') return `the proxy ${origin} refuses the login; correct the user and password in ${name}`;
  if (status)
    return `the proxy ${origin} answers ${status}; let it allow CONNECT to ${hostname}, or list the host in NO_PROXY`;
  if (certificateCodes.test(reason.replace('PROXY_', '')))
    return `the certificate of the proxy ${origin} itself is not trusted; add the certificate of its CA to B24_CA_FILE`;
  return `the proxy ${origin} does not answer; start it, correct ${name}, or list the host in NO_PROXY`;
}

function certificateAdvice({ hostname }: EgressTarget, reason: string, files: string): string {
  if (reason === 'CERT_HAS_EXPIRED') return 'its certificate has expired; renew it there';
  if (reason === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `its certificate does not name ${hostname}; correct one of them`;
  const trusted = files ? `${files} and the public CAs` : 'the public CAs';
  return `its certificate is signed by none of ${trusted}; set B24_CA_FILE, or B24_PORTAL_CA_FILES for one portal, to the certificate of the CA that signed it`;
}
