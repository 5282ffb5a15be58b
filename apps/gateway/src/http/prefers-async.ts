import type { GatewayRequest } from './caller';

/** Does the caller want its answer now, and the work done later? (RFC 7240) */
export function prefersAsync({ headers }: GatewayRequest): boolean {
  return String(headers['prefer'] ?? '')
    .split(',')
    .some((it) => /^\s*respond-async\s*(?:;.*)?$/i.test(it));
}
