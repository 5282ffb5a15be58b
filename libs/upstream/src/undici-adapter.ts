import { type AxiosAdapter, type AxiosResponse, AxiosHeaders } from 'axios';
import { Agent, request } from 'undici';
import { checkedConnect, type AddressFilter } from './checked-connect';

export interface ConnectionLimits {
  readonly connectTimeoutMs: number;
  readonly maxAnswerBytes: number;
  /** Connections to one portal at a time. */
  readonly connections: number;
  readonly mayConnect: AddressFilter;
}

/**
 * axios over undici: fewer milliseconds and clearer failures than its default (docs/decisions/0004). It never follows
 * a redirect, and an error of it holds no part of the request. The request's signal is its only time limit: limits
 * between bytes would let an answer of single bytes last for ever.
 */
export function undiciAdapter(limits: ConnectionLimits): { adapter: AxiosAdapter; close: () => Promise<void> } {
  const agent = new Agent({
    connect: checkedConnect(limits.connectTimeoutMs, limits.mayConnect),
    connections: limits.connections,
    maxResponseSize: limits.maxAnswerBytes,
    pipelining: 1,
    // Shorter than a server's own patience, so that a call seldom meets a connection that is just being closed.
    keepAliveTimeout: 4000,
  });
  const adapter: AxiosAdapter = async (config) => {
    const { statusCode, headers, body } = await request(config.url ?? '', {
      dispatcher: agent,
      method: (config.method ?? 'get').toUpperCase() as 'POST',
      headers: AxiosHeaders.from(config.headers).toJSON() as Record<string, string>,
      body: config.data as string,
      headersTimeout: 0,
      bodyTimeout: 0,
      signal: config.signal as AbortSignal,
    });
    const response: AxiosResponse<string> = {
      status: statusCode,
      statusText: '',
      headers: headers,
      data: await body.text(),
      config,
    };
    return response;
  };
  return { adapter, close: () => agent.close() };
}
