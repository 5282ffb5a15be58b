import { linesOf } from './lines';
import { type CallOptions, type GatewayOptions, type Given, type CallRoute, Wire } from './wire';

/** What an operation is given: the parameters of its path and query by their names, and its body. */
export type Args<D extends { body?: unknown; path?: unknown; query?: unknown }> = Flat<
  Parameters<D['path']> & Parameters<D['query']> & Body<D>
>;
type Parameters<P> = [NonNullable<P>] extends [never] ? unknown : NonNullable<P>;
type Body<D extends { body?: unknown }> = [D['body']] extends [undefined]
  ? unknown
  : undefined extends D['body']
    ? { body?: D['body'] }
    : { body: D['body'] };
type Flat<T> = { [K in keyof T]: T[K] };

interface Page {
  readonly items: readonly unknown[];
  readonly nextCursor?: string;
}

/** One page when it is awaited; all items, page by page, when it is iterated over. */
export type Paged<P extends Page> = Promise<P> & AsyncIterable<P['items'][number]>;

/** The three shapes that an operation's answer has. */
export abstract class Caller {
  protected readonly wire: Wire;

  constructor(options: GatewayOptions) {
    this.wire = new Wire(options);
  }

  protected one<T>(route: CallRoute, args: object, options: CallOptions = {}): Promise<T> {
    return this.wire.call(route, args as Given, options, jsonOf<T>);
  }

  protected page<P extends Page>(route: CallRoute, args: object, options: CallOptions = {}): Paged<P> {
    const first = this.one<P>(route, args, options);
    const next = (cursor: string) => this.one<P>(route, { ...args, cursor }, options);
    return Object.assign(first, { [Symbol.asyncIterator]: () => itemsOf<P>(first, next) });
  }

  /** Sent when it is first read from; a stream that has begun is not begun again. */
  protected async *lines<T>(
    route: CallRoute,
    args: object,
    options: CallOptions = {},
  ): AsyncGenerator<T, void, undefined> {
    const response = await this.wire.call(route, args as Given, options, (it) => Promise.resolve(it));
    yield* linesOf<T>(response, options.signal);
  }
}

async function jsonOf<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}

async function* itemsOf<P extends Page>(
  first: Promise<P>,
  next: (cursor: string) => Promise<P>,
): AsyncGenerator<P['items'][number], void, undefined> {
  for (let page = await first; ; page = await next(page.nextCursor)) {
    yield* page.items as Awaited<P['items'][number]>[];
    if (page.nextCursor === undefined) return;
  }
}
