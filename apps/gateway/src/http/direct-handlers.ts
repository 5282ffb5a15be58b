import { Req, Res, type Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { callerOf } from './caller';
import { keyOfWrite, type RetryBehaviour, retryBehaviourMetadata, writeOnce } from './idempotent-write';
import { type InputPlace, validateInput } from './validate-input';

type Handler = (this: unknown, ...args: unknown[]) => unknown;

/** A parameter of a handler that has a schema. */
interface ValidatedParameter {
  readonly index: number;
  readonly place: InputPlace;
  readonly schema: z.ZodType;
}

/** What the parameter decorators of Nest have recorded of one parameter. */
interface ParameterMetadata {
  readonly index: number;
  readonly data?: unknown;
  readonly schema?: z.ZodType;
}

/**
 * Returns the controller, whose handlers now validate their input and run writes with an `Idempotency-Key` once. Nest
 * would do both for every parameter of every request, with pipes and interceptors that cost more than the work.
 */
export function withDirectHandlers<T extends Type>(controller: T): T {
  const prototype = controller.prototype as Record<string, Handler>;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (Reflect.hasMetadata(ROUTE_ARGS_METADATA, controller, name)) makeDirect(controller, prototype, name);
  }
  return controller;
}

function makeDirect(controller: Type, prototype: Record<string, Handler>, name: string): void {
  const handler = prototype[name];
  if (!handler) return;
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as Record<string, ParameterMetadata>;
  const onRetry = Reflect.getMetadata(retryBehaviourMetadata, handler) as RetryBehaviour | undefined;
  const validated = validating(handler, validatedParameters(parameters));
  const direct = onRetry ? runningOnce(validated, onRetry, exchangeParameters(prototype, name, parameters)) : validated;
  if (direct === handler) return;
  for (const key of Reflect.getMetadataKeys(handler))
    Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), direct);
  // Nest's documents read the handler's name.
  Object.defineProperty(direct, 'name', { value: handler.name });
  Object.defineProperty(prototype, name, { value: direct, configurable: true, writable: true });
}

/** In the order in which Nest reads them, so that of two invalid inputs the same one is reported. */
function validatedParameters(parameters: Record<string, ParameterMetadata>): ValidatedParameter[] {
  return Object.entries(parameters).flatMap(([key, { index, data, schema }]) => {
    if (!schema) return [];
    const isBody = key.startsWith(`${RouteParamtypes.BODY}:`) || typeof data !== 'string';
    return [{ index, schema, place: isBody ? 'body' : { name: data } }];
  });
}

function validating(handler: Handler, parameters: readonly ValidatedParameter[]): Handler {
  if (parameters.length === 0) return handler;
  return function (...args) {
    for (const { index, schema, place } of parameters) args[index] = validateInput(schema, args[index], place);
    return handler.apply(this, args);
  };
}

/** Adds the request and the reply as the last parameters, and returns the position of the request. */
function exchangeParameters(prototype: object, name: string, parameters: Record<string, ParameterMetadata>): number {
  const position = 1 + Math.max(-1, ...Object.values(parameters).map(({ index }) => index));
  Req()(prototype, name, position);
  Res({ passthrough: true })(prototype, name, position + 1);
  return position;
}

function runningOnce(handler: Handler, onRetry: RetryBehaviour, position: number): Handler {
  return function (...args) {
    const [request, reply] = args.slice(position) as [FastifyRequest, FastifyReply];
    const key = keyOfWrite(request, onRetry);
    if (key === undefined) return handler.apply(this, args);
    return writeOnce({ request, reply, key, onRetry }, () => handler.apply(this, duringAttempt(request, args)));
  };
}

/** Returns the arguments with the caller of the attempt, whose signal replaces the caller's. */
function duringAttempt(request: FastifyRequest, args: readonly unknown[]): unknown[] {
  const { caller } = request.scope;
  return args.map((it) => (it === caller ? callerOf(request) : it));
}
