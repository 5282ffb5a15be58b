import type { BitrixMethods, ListOrFields } from './generated/methods.gen';
import type { BatchItem, CallAnswer, FanOutLine } from './generated/types.gen';
import type { CallOptions } from './wire';

/** The name of a method that the catalog has. */
export type KnownMethod = keyof BitrixMethods;
/** A known method whose records can be read to their end. */
export type KnownList = {
  [M in KnownMethod]: [BitrixMethods[M]['row']] extends [never] ? never : M;
}[KnownMethod];
/** A name that editors complete; any other is taken, too. */
export type NameOr<Names extends string> = Names | (string & {});

/** The parameters of a method; of one that is not known, any. */
export type ParamsOf<M extends string> = M extends KnownMethod ? BitrixMethods[M]['params'] : ListOrFields;
/** The result of a method; of one that is not known, anything. */
export type ResultOf<M extends string> = M extends KnownMethod ? BitrixMethods[M]['result'] : unknown;
/** A record of a list. */
export type RowOf<M extends string> = M extends KnownMethod ? BitrixMethods[M]['row'] : Record<string, unknown>;

/** The parameters and the options; the parameters may be left out where none is required. */
export type ParamsThen<M extends string, Options = CallOptions> =
  Empty extends ParamsOf<M>
    ? [params?: NoInfer<ParamsOf<M>>, options?: Options]
    : [params: NoInfer<ParamsOf<M>>, options?: Options];

/** Nothing for a list or an unknown method; for a known method that is no list, the names of those that are. */
export type ListName<M extends string> = M extends KnownList ? unknown : M extends KnownMethod ? KnownList : unknown;

/** The answer of one method. */
export type AnswerOf<M extends string> = WithResult<CallAnswer, ResultOf<M>>;

/** A command of a batch. */
export type CommandOf<M extends string> = {
  readonly method: M;
  /** Where a list continues: the `next` of the page before, or -1 for a faster page without `total`. */
  readonly start?: number;
  /** The name by which later commands refer to this one. */
  readonly name?: string;
} & (Empty extends ParamsOf<M>
  ? { readonly params?: NoInfer<ParamsOf<M>> }
  : { readonly params: NoInfer<ParamsOf<M>> });
/** The outcome of a command of a batch. */
export type OutcomeOf<M extends string> =
  WithResult<Extract<BatchItem, { ok: true }>, ResultOf<M>> | Extract<BatchItem, { ok: false }>;

/** The answer of one portal of several: a result or a problem. */
export type LineOf<M extends string> = FanOutLine & { result?: ResultOf<M> };

type Empty = Record<never, never>;
type WithResult<Answer, Result> = Omit<Answer, 'result'> & { result: Result };
