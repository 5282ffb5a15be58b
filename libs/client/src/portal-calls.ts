import type { Operations } from './generated/operations.gen';
import type { AcceptedJob, Batch, Call, FanOut, FanOutSummary } from './generated/types.gen';
import type * as Types from './method-types';
import type { CallOptions } from './wire';

type AnyParams = NonNullable<Call['params']>;

/** What typed calls are made with. */
export interface CallSource extends Pick<Operations, 'callMethod' | 'runBatch' | 'fanOut' | 'fanOutAsJob'> {
  records<T>(
    list: { portal: string; method: string; params?: AnyParams },
    options?: CallOptions,
  ): AsyncGenerator<T, void, undefined>;
}

export interface PortalBatchOptions extends CallOptions, Pick<Batch, 'halt' | 'references'> {}

/** The methods of Bitrix24 on one portal, with the types of the catalog. */
export class PortalCalls {
  constructor(
    private readonly source: CallSource,
    /** A member id, an alias or a domain. */
    readonly portal: string,
  ) {}

  /** Calls a method. */
  call<const M extends Types.NameOr<Types.KnownMethod>>(
    method: M,
    ...[params, options]: Types.ParamsThen<M>
  ): Promise<Types.AnswerOf<M>> {
    const { portal } = this;
    const body = bodyOf(params);
    return this.source.callMethod({ portal, method, body }, options) as Promise<Types.AnswerOf<M>>;
  }

  /**
   * All records of a list, as they come.
   * @throws GatewayProblem where the list broke off, NoAnswer where it was cut
   */
  list<const M extends Types.NameOr<Types.KnownList>>(
    method: M & Types.ListName<M>,
    ...[params, options]: Types.ParamsThen<M>
  ): AsyncGenerator<Types.RowOf<M>, void, undefined> {
    return this.source.records({ portal: this.portal, method, ...bodyOf(params) }, options);
  }

  /** Runs up to 500 commands; the outcomes are in their order. */
  async batch<const M extends readonly Types.NameOr<Types.KnownMethod>[]>(
    commands: readonly [...{ [I in keyof M]: Types.CommandOf<M[I]> }],
    { halt, references, ...options }: PortalBatchOptions = {},
  ): Promise<{ -readonly [I in keyof M]: Types.OutcomeOf<M[I]> }> {
    const body = { commands, halt, references } as unknown as Batch;
    const { results } = await this.source.runBatch({ portal: this.portal, body }, options);
    return results as never;
  }
}

/** A method of Bitrix24 on many portals, with the types of the catalog. */
export class PortalsCalls {
  constructor(
    private readonly source: CallSource,
    readonly portals: FanOut['portals'],
  ) {}

  /** Calls a method on each portal: a line for each, as it comes, then the totals. */
  call<const M extends Types.NameOr<Types.KnownMethod>>(
    method: M,
    ...[params, options]: Types.ParamsThen<M>
  ): AsyncGenerator<Types.LineOf<M> | FanOutSummary, void, undefined> {
    const { portals } = this;
    const lines = this.source.fanOut({ body: { portals, call: { method, ...bodyOf(params) } } }, options);
    return lines as AsyncGenerator<Types.LineOf<M> | FanOutSummary, void, undefined>;
  }

  /** Returns at once with the job that calls a method on each portal. */
  callAsJob<const M extends Types.NameOr<Types.KnownMethod>>(
    method: M,
    ...[params, options]: Types.ParamsThen<M>
  ): Promise<AcceptedJob> {
    const { portals } = this;
    return this.source.fanOutAsJob({ body: { portals, call: { method, ...bodyOf(params) } } }, options);
  }
}

function bodyOf(params: unknown): { params?: AnyParams } {
  return params === undefined ? {} : { params: params as AnyParams };
}
