export type { Args, Paged } from './caller';
export type { ClientClock } from './clock';
export { GatewayProblem, isProblem, NoAnswer, type ProblemCode } from './failures';
export { GatewayClient } from './gateway-client';
export type { BitrixMethods } from './generated/methods.gen';
export type * from './generated/types.gen';
export type {
  AnswerOf,
  CommandOf,
  KnownList,
  KnownMethod,
  LineOf,
  OutcomeOf,
  ParamsOf,
  ResultOf,
  RowOf,
} from './method-types';
export type { PortalBatchOptions, PortalCalls, PortalsCalls } from './portal-calls';
export type { CallOptions, GatewayOptions } from './wire';
