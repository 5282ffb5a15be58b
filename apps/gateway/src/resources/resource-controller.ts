import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Res, type Type } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { FromCaller } from '../http/caller';
import { lineHeaders, setLineHeaders } from '../http/line-headers';
import { Operation, type OperationOptions } from '../http/operation';
import { lineFaults } from '../http/problem-responses';
import { pathId, portalName } from '../http/shapes';
import { PortalDirectory } from '../line/portal-directory';
import { type CallerContext, RequestLine } from '../request-line';
import { type Declaration, type MethodInput, pathIdDescription, pathIdNames } from './declaration';
import { type DeclaredMethod, methodsOf } from './declarations';
import type { Resource } from './resource';
import { type DeclaredMethodDependencies, runDeclared } from './run-declared';

const verbs = { get: Get, post: Post, put: Put, patch: Patch, delete: Delete };

/** A part of the input and the parameter decorator that reads it from the request. */
interface InputSource {
  readonly decorator: ParameterDecorator;
  readonly type: unknown;
  readonly toInput: (value: unknown) => MethodInput;
}

/** Returns the Nest controller of a resource. A loop applies the decorators that a hand-written controller has. */
export function resourceController(resource: Resource): Type {
  @ApiTags(resource.tag)
  @Controller('v1/portals/:portal')
  class ResourceController {
    constructor(
      readonly line: RequestLine,
      readonly portals: PortalDirectory,
    ) {}
  }
  for (const method of methodsOf(resource)) addOperation(ResourceController, method);
  return ResourceController;
}

function addOperation(controller: Type<DeclaredMethodDependencies>, declaration: DeclaredMethod): void {
  const prototype = controller.prototype as object;
  const { id, verb, path } = declaration;
  const inputs = inputsOf(declaration);
  // Nest's documents read the handler's name.
  Object.defineProperty(prototype, id, { value: handlerOf(declaration, inputs), configurable: true });
  const parameters = [
    FromCaller(),
    Res({ passthrough: true }),
    Param('portal', { schema: portalName }),
    ...inputs.map(({ decorator }) => decorator),
  ];
  // The metadata that the compiler emits for a hand-written method.
  const types = [Object, Object, String, ...inputs.map(({ type }) => type)];
  Reflect.defineMetadata('design:paramtypes', types, prototype, id);
  // Parameter decorators apply from last to first, as in compiled code.
  for (const [i, decorate] of [...parameters.entries()].reverse()) decorate(prototype, id, i);
  const descriptor = Object.getOwnPropertyDescriptor(prototype, id) ?? {};
  const decorators = [...queryNotes(declaration), Operation(operationOf(declaration)), verbs[verb](path)];
  for (const decorate of decorators) decorate(prototype, id, descriptor);
}

type OperationHandler = (
  this: DeclaredMethodDependencies,
  caller: CallerContext,
  reply: FastifyReply,
  portal: string,
  ...values: unknown[]
) => unknown;

/** Returns the handler of an operation. */
function handlerOf(declaration: DeclaredMethod, inputs: readonly InputSource[]): OperationHandler {
  const handler: OperationHandler = async function (caller, reply, portal, ...values) {
    const input = Object.assign({}, ...values.map((value, i) => inputs[i]?.toInput(value))) as MethodInput;
    const { answer } = await runDeclared(this, declaration, caller, portal, input, (it) => {
      setLineHeaders(reply, it);
    });
    const where = declaration.location?.of(answer, input);
    if (where !== undefined) void reply.header('Location', `/v1/portals/${encodeURIComponent(portal)}/${where}`);
    return answer;
  };
  return Object.defineProperty(handler, 'name', { value: declaration.id });
}

function inputsOf(declaration: Declaration): InputSource[] {
  const { query = {}, body } = declaration;
  return [
    ...pathIdNames(declaration).map((name) => ({
      decorator: Param(name, { schema: pathId.describe(pathIdDescription(name)) }),
      type: Number,
      toInput: (value: unknown) => ({ [name]: value }),
    })),
    ...Object.entries(query).map(([name, { text }]) => ({
      decorator: Query(name, { schema: text.optional() }),
      type: String,
      toInput: (value: unknown) => (value === undefined ? {} : { [name]: value }),
    })),
    ...(body
      ? [{ decorator: Body({ schema: body }), type: Object, toInput: (value: unknown) => value as MethodInput }]
      : []),
  ];
}

function queryNotes({ query = {} }: Declaration): MethodDecorator[] {
  return Object.entries(query).map(([name, { description: says }]) =>
    ApiQuery({ name, required: false, description: says }),
  );
}

function operationOf(declaration: DeclaredMethod): OperationOptions {
  const {
    id,
    summary,
    description,
    scope,
    status,
    answerDescription: says,
    answer,
    location,
    lost,
    faults,
  } = declaration;
  const located = location && { Location: { description: location.description, schema: { type: 'string' } } };
  return {
    id,
    summary,
    ...(description && { description }),
    scope,
    status,
    says,
    ...(answer && { answer }),
    headers: { ...lineHeaders, ...located },
    ...(lost && { onRetry: onRetryOf(lost) }),
    faults: [...lineFaults, ...faults, ...(lost ? (['body_too_large', 'unsupported_media_type'] as const) : [])],
  };
}

function onRetryOf({ kind, advice }: NonNullable<Declaration['lost']>): NonNullable<OperationOptions['onRetry']> {
  return kind === 'unsettled' ? { kind: 'unknown', writesTo: 'portal', advice } : { kind: 'settled' };
}
