export type { Args, Paged } from './caller';
export type { ClientClock } from './clock';
export { GatewayProblem, isProblem, NoAnswer, type ProblemCode } from './failures';
export { GatewayClient } from './gateway-client';
export type * from './generated/types.gen';
export type { CallOptions, GatewayOptions } from './wire';
