import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { adminKey, type HttpClient } from './gateway';

/** A way into the gateway by which a caller's parameters reach `lab.echo` of a portal. */
export interface EchoEntry {
  readonly name: string;
  /** Sends the parameters, given as a JSON text; resolves with the status and the text of the answer. */
  readonly send: (params: string) => Promise<{ readonly status: number; readonly text: string }>;
}

/** Returns every entry point that takes the parameters of a method as JSON. */
export function jsonEntryPoints({ url }: HttpClient, portal: SimulatedPortal, sdkKey: string): EchoEntry[] {
  const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${adminKey}`, ...headers },
      body,
    });
    return { status: response.status, text: await response.text() };
  };
  const v1 = `/v1/portals/${portal.memberId}`;
  const tool = (params: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"call_method","arguments":{"portal":"${portal.memberId}","method":"lab.echo","params":${params}}}}`;
  const mcp = { Accept: 'application/json, text/event-stream' };
  return [
    { name: 'call', send: (params) => post(`${v1}/call/lab.echo`, `{"params":${params}}`) },
    { name: 'batch', send: (params) => post(`${v1}/batch`, `{"commands":[{"method":"lab.echo","params":${params}}]}`) },
    {
      name: 'fan-out',
      send: (params) =>
        post('/v1/fan-out', `{"portals":["${portal.memberId}"],"call":{"method":"lab.echo","params":${params}}}`),
    },
    { name: 'SDK', send: (params) => post(`/p/${portal.memberId}/rest/1/${sdkKey}/lab.echo`, params) },
    { name: 'MCP', send: (params) => post('/mcp', tool(params), mcp) },
  ];
}

/** The parameters of each `lab.echo` that the portal has run, as exact JSON. */
export function echoed(portal: SimulatedPortal): string[] {
  return portal.requests.filter(({ method }) => method.startsWith('lab.echo')).map(({ received }) => received);
}

/** Calls the portal itself, as an incoming webhook. */
export async function direct(portal: SimulatedPortal, params: string): Promise<string> {
  const before = portal.requests.length;
  await fetch(`${portal.webhookUrl(1, ['task', 'crm'])}lab.echo`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: params,
  });
  return portal.requests[before]?.received ?? '';
}
