import { CommandFailure, type CommandProblem } from './command-failure';
import type { Target } from './target';

/** Longer than any call may wait for its portal. */
const patienceMs = 150_000;

export interface ApiRequest {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

type ApiMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** A running gateway, by its REST API. Every way to fail is a Failure, and none of them repeats the key. */
export class GatewayApi {
  constructor(private readonly reach: Target) {}

  get url(): string {
    return this.reach.url;
  }

  get hasKey(): boolean {
    return this.reach.key !== undefined;
  }

  get<T>(path: string, query: ApiRequest['query'] = {}): Promise<T> {
    return this.ask<T>('GET', path, { query });
  }

  /** @throws Failure with the gateway's problem, or one of our own where none came */
  async ask<T>(method: ApiMethod, path: string, request: ApiRequest = {}): Promise<T> {
    const { status, headers, text } = await this.exchange(method, path, request);
    if (status === 204) return undefined as T;
    const body = bodyOf(headers, text);
    if (status < 300 && body !== undefined) return body as T;
    throw this.failureOf(status, headers, body);
  }

  /** The documents of a stream, one a line, until the gateway ends it. @throws Failure as `ask` */
  async *lines<T>(path: string, query: ApiRequest['query'] = {}): AsyncGenerator<T> {
    const response = await this.send('GET', path, { query }, undefined);
    const { status, headers, body } = response;
    if (status !== 200 || !body || !headers.get('content-type')?.includes('ndjson'))
      throw this.failureOf(status, headers, bodyOf(headers, await response.text()));
    let rest = '';
    try {
      for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
        const texts = (rest + chunk).split('\n');
        rest = texts.pop() ?? '';
        for (const text of texts) if (text !== '') yield JSON.parse(text) as T;
      }
    } catch (error) {
      throw this.unreachable(reasonOf(error), 'GET');
    }
  }

  private failureOf(status: number, headers: Headers, body: unknown): CommandFailure {
    if (!isProblem(body)) return this.noGateway(status, headers.get('content-type') ?? '');
    const retryAfter = headers.get('retry-after');
    return new CommandFailure({ ...body, ...(retryAfter && { retryAfterSeconds: Number(retryAfter) }) });
  }

  /** All pages of a list, one after the other. */
  async all<T>(path: string, query: ApiRequest['query'] = {}): Promise<T[]> {
    const items: T[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.get<{ items: T[]; nextCursor?: string }>(path, { ...query, limit: '200', cursor });
      items.push(...page.items);
      cursor = page.nextCursor;
      if (cursor === undefined) return items;
    }
  }

  private async exchange(method: ApiMethod, path: string, request: ApiRequest) {
    const patience = AbortSignal.timeout(patienceMs);
    const response = await this.send(method, path, request, patience);
    try {
      return { status: response.status, headers: response.headers, text: await response.text() };
    } catch (error) {
      throw this.unreachable(reasonOf(error), method);
    }
  }

  /** @param signal ends the wait; a stream has none */
  private async send(
    method: ApiMethod,
    path: string,
    { query = {}, body, headers = {} }: ApiRequest,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    if (this.reach.key === undefined) throw CommandFailure.of('no_key', howToGiveKey);
    const url = new URL(`${this.reach.url}${path}`);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    const given = Object.entries(headers).filter((it): it is [string, string] => it[1] !== undefined);
    try {
      return await fetch(url, {
        method,
        // The key goes where it was meant to go, and nowhere else.
        redirect: 'manual',
        ...(signal && { signal }),
        headers: {
          Authorization: `Bearer ${this.reach.key}`,
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
          ...Object.fromEntries(given),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw this.unreachable(reasonOf(error), method);
    }
  }

  private unreachable(reason: string, method: ApiMethod): CommandFailure {
    const advice =
      'Start it, or say where it is by B24_GATEWAY_URL or --url; `b24-gateway doctor` looks for the cause.';
    const sent =
      method === 'GET' || isNeverSent(reason)
        ? ''
        : ' What was asked may have been carried out: look before you ask again.';
    return CommandFailure.of(
      'gateway_unreachable',
      `No answer came from ${this.reach.url} (${reason}).${sent} ${advice}`,
      {
        retryable: method === 'GET' || isNeverSent(reason),
      },
    );
  }

  private noGateway(status: number, type: string): CommandFailure {
    const what = `status ${status}, ${type === '' ? 'no content type' : type.split(';')[0]}`;
    return CommandFailure.of(
      'not_a_gateway',
      `What answers at ${this.reach.url} is not b24-gateway, or a proxy answers for it (${what}). Correct B24_GATEWAY_URL or --url.`,
    );
  }
}

const howToGiveKey =
  'Set B24_GATEWAY_KEY, or name a file that holds the key by --key-file (`-` reads it from standard input).';

/** The network's own word, as ECONNREFUSED; never a URL. */
export function reasonOf(error: unknown): string {
  const { name, cause } = error as { name: string; cause?: { code?: string; name?: string } };
  if (name === 'TimeoutError') return 'it is silent';
  return cause?.code ?? cause?.name ?? name;
}

function isNeverSent(reason: string): boolean {
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(reason);
}

/** The document of an answer; undefined if it is no JSON. */
function bodyOf(headers: Headers, text: string): unknown {
  return /^application\/(problem\+)?json\b/.test(headers.get('content-type') ?? '') ? parsed(text) : undefined;
}

function isProblem(body: unknown): body is CommandProblem {
  const { code, title, detail } = (body ?? {}) as Partial<CommandProblem>;
  return [code, title, detail].every((it) => typeof it === 'string');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
