import { Agent, request } from 'undici';
import { checkedConnect } from './checked-connect';
import type { Egress } from './egress';

/** What a server answered, without its body. */
interface ReachedServer {
  readonly status: number;
  /** The header `Date`. */
  readonly date?: string;
}

/**
 * Sends one GET with the proxy and the CA files of an egress, to find out whether they work. Addresses are not checked,
 * and no redirect is followed.
 * @throws Error whose `code` says what failed, such as `PROXY_STATUS_407`
 */
export async function reachServer(
  url: string,
  egress: Egress,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<ReachedServer> {
  const agent = new Agent({ connect: checkedConnect(timeoutMs, () => true, egress) });
  try {
    const { statusCode, headers } = await request(url, { dispatcher: agent, signal: AbortSignal.timeout(timeoutMs) });
    const { date } = headers;
    return { status: statusCode, ...(typeof date === 'string' && { date }) };
  } finally {
    void agent.destroy();
  }
}
