import type { Command, Entity, FaultCode } from '@b24/portal';
import type {
  RemovalRule,
  RepeatableRule,
  SettlementRule,
  StateRule,
  UniqueRule,
  UnsettledRule,
} from '@b24/idempotency';
import { z } from 'zod';
import { idSchema } from '../http/shapes';

/*
 * The declaration of a Bitrix24 method. Its route, validation, translation, settlement of lost answers, entry in
 * openapi.json, audit fields, MCP tool and row in docs/coverage.md are all derived from it (docs/decisions/0014).
 */

export type HttpVerb = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** The input of a call as one flat object: the ids of the path, the query and the fields of the body. */
export type MethodInput = Readonly<Record<string, unknown>>;

/** A query parameter: its schema in a query, where every value is text, and in the JSON input of a tool. */
export interface QueryParameter {
  readonly text: z.ZodType;
  readonly json: z.ZodType;
  readonly description: string;
}

/** How a lost answer of a write is settled; `at` returns the part of the rule that depends on the input. */
export type LostAnswerRule<I extends MethodInput, A> =
  | RepeatableRule
  | RemovalRule
  | UnsettledRule
  | ({ at(input: I): Omit<UniqueRule<A>, 'kind' | 'advice'> } & Pick<UniqueRule<A>, 'kind' | 'advice'>)
  | ({ at(input: I): Omit<StateRule<A>, 'kind' | 'advice'> } & Pick<StateRule<A>, 'kind' | 'advice'>);

export interface Declaration<I extends MethodInput = MethodInput, A = unknown> {
  /** The operation id: also the method name in generated clients and, in snake_case, the name of the MCP tool. */
  readonly id: string;
  /** The full name of the Bitrix24 method, for example `tasks.task.get`. */
  readonly method: string;
  /** Set for a method of version 3 of the API: `params` returns the body of its call. */
  readonly version?: 3;
  /** `get` reads. Every other verb writes and needs `lost`. */
  readonly verb: HttpVerb;
  /** The path below the portal, for example `groups/:groupId/epics`. Each parameter is an id. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly query?: Readonly<Record<string, QueryParameter>>;
  readonly body?: z.ZodObject;
  readonly status: 200 | 201 | 204;
  readonly answerDescription: string;
  readonly answer?: z.ZodType;
  /** The path of the created object, below the portal. */
  readonly location?: { readonly description: string; of(answer: A, input: I): string };
  /** The faults of this method, besides those that every call to a portal can have. */
  readonly faults: readonly FaultCode[];
  readonly lost?: LostAnswerRule<I, A>;
  params(input: I): Command['params'];
  /**
   * The entity that the method reads or changes. Commands on the same entity keep their order, and a write shares no batch
   * with a command that may concern its entity. By default it consists of the ids of the path within the first word of
   * the method's name. Override it when the method concerns more or less than its path names.
   */
  entity?(input: I): Entity;
  /** Converts the portal's result into the answer. @throws Fault portal_error, or the refusal that the result stands for */
  read(value: unknown, input: I, method: string): A;
}

type PathIds<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Readonly<Record<Name, number>> & PathIds<Rest>
  : Path extends `${string}:${infer Name}`
    ? Readonly<Record<Name, number>>
    : unknown;
type QueryInput<Query extends Readonly<Record<string, QueryParameter>>> = {
  readonly [Name in keyof Query]?: z.output<Query[Name]['json']> | undefined;
};
type DeclaredInput<
  Path extends string,
  Query extends Readonly<Record<string, QueryParameter>>,
  Body extends z.ZodObject,
> = PathIds<Path> & QueryInput<Query> & Readonly<z.output<Body>>;

type NoQuery = Record<never, QueryParameter>;
type NoBody = z.ZodObject<Record<never, z.ZodType>>;

/** Types the input of a declaration by its path, query and body. */
export function declare<
  const Path extends string,
  Answer,
  Query extends Readonly<Record<string, QueryParameter>> = NoQuery,
  Body extends z.ZodObject = NoBody,
>(
  declaration: Declaration<DeclaredInput<Path, Query, Body> & MethodInput, Answer> & {
    readonly path: Path;
    readonly query?: Query;
    readonly body?: Body;
  },
): Declaration<DeclaredInput<Path, Query, Body> & MethodInput, Answer> {
  return declaration;
}

export function declaredCommand<I extends MethodInput, A>(declaration: Declaration<I, A>, input: I): Command {
  const effect = declaration.verb === 'get' ? 'read' : 'write';
  const entity = declaration.entity?.(input) ?? entityOfPath(declaration, input);
  const { method, version } = declaration;
  const params = declaration.params(input);
  return { method, effect, entity, ...(version === 3 ? { params: {}, v3: { body: params } } : { params }) };
}

/** The default entity: for `tasks.task.get` with the path `tasks/:taskId` the family `tasks` and the id `task`. */
function entityOfPath({ method, path }: Pick<Declaration, 'method' | 'path'>, input: MethodInput): Entity {
  const [family = method] = method.split('.');
  const ids = pathIdNames({ path }).map((name) => [name.replace(/Id$/, ''), input[name] as number] as const);
  return { family, ids: Object.fromEntries(ids) };
}

export function settlementRuleOf<I extends MethodInput, A>(lost: LostAnswerRule<I, A>, input: I): SettlementRule<A> {
  return 'at' in lost ? ({ ...lost.at(input), kind: lost.kind, advice: lost.advice } as SettlementRule<A>) : lost;
}

/** Returns the names of the ids in a path, in order. */
export function pathIdNames({ path }: Pick<Declaration, 'path'>): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
}

/** Returns the description of an id in a path, for example `The id of the epic.` for `epicId`. */
export function pathIdDescription(name: string): string {
  return `The id of the ${name.replace(/Id$/, '')}.`;
}

/** Returns the schema of the input as one JSON object, with the fields of `more` before it. */
export function inputSchema(declaration: Declaration, more: z.ZodRawShape = {}): z.ZodObject {
  const { query = {}, body } = declaration;
  const parameters = Object.entries(query).map(
    ([name, { json, description: says }]) => [name, json.optional().describe(says)] as const,
  );
  const shape = {
    ...more,
    ...Object.fromEntries(pathIdNames(declaration).map((name) => [name, idSchema.describe(pathIdDescription(name))])),
    ...Object.fromEntries(parameters),
    ...body?.shape,
  };
  return z.strictObject(shape).superRefine((input, context) => {
    const fields = Object.entries(input).filter(([name]) => body && Object.hasOwn(body.shape, name));
    const { error } = body?.safeParse(Object.fromEntries(fields)) ?? {};
    for (const { message, path } of error?.issues ?? []) context.addIssue({ code: 'custom', message, path });
  });
}
