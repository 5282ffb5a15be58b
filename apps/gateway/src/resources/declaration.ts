import type { Scope } from '@b24/access';
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
 * A method of the vendor, declared once: its operation, its place in openapi.json, its validation, its translation, what
 * becomes of a lost answer, its row in docs/coverage.md, and a tool for an assistant are all made of this.
 */

export type HttpVerb = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What a caller names of a call, flat: the ids of the path, the query and the fields of the body. */
export type MethodInput = Readonly<Record<string, unknown>>;

/** One thing may be asked in a query, where all is text, and by a tool, where it is JSON. */
export interface QueryParameter {
  readonly text: z.ZodType;
  readonly json: z.ZodType;
  readonly says: string;
}

/** The rule of a write, of which `at` gives what depends on the input. */
export type LostAnswerRule<I extends MethodInput, A> =
  | RepeatableRule
  | RemovalRule
  | UnsettledRule
  | ({ at(input: I): Omit<UniqueRule<A>, 'kind' | 'advice'> } & Pick<UniqueRule<A>, 'kind' | 'advice'>)
  | ({ at(input: I): Omit<StateRule<A>, 'kind' | 'advice'> } & Pick<StateRule<A>, 'kind' | 'advice'>);

export interface Declaration<I extends MethodInput = MethodInput, A = unknown> {
  /** A good method name for a generated client, and the name of a tool. */
  readonly id: string;
  /** The vendor's. */
  readonly method: string;
  /** `get` reads; every other verb writes, and has `lost`. */
  readonly verb: HttpVerb;
  /** Below the portal, as `groups/:groupId/epics`; each parameter is an id. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope;
  readonly query?: Readonly<Record<string, QueryParameter>>;
  readonly body?: z.ZodObject;
  readonly status: 200 | 201 | 204;
  /** Of the answer. */
  readonly says: string;
  readonly answer?: z.ZodType;
  /** Where what was made is read, below the portal. */
  readonly location?: { readonly says: string; of(answer: A, input: I): string };
  /** Besides those of every call that goes down the line. */
  readonly faults: readonly FaultCode[];
  readonly lost?: LostAnswerRule<I, A>;
  params(input: I): Command['params'];
  /** What it reads or changes. */
  entity(input: I): Entity;
  /** The answer, of what the portal answered. @throws Fault portal_error, or the refusal that it stands for */
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

/** A declaration whose input is typed by its path, query and body. */
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
  return { method: declaration.method, params: declaration.params(input), effect, entity: declaration.entity(input) };
}

export function settlementRuleOf<I extends MethodInput, A>(lost: LostAnswerRule<I, A>, input: I): SettlementRule<A> {
  return 'at' in lost ? ({ ...lost.at(input), kind: lost.kind, advice: lost.advice } as SettlementRule<A>) : lost;
}

/** The names of the ids in its path, in their order. */
export function pathIdNames({ path }: Declaration): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
}

/** What a tool takes: the whole input as one JSON object, after what else it takes. What passes it may be run. */
export function inputSchema(declaration: Declaration, besides: z.ZodRawShape = {}): z.ZodObject {
  const { query = {}, body } = declaration;
  const asked = Object.entries(query).map(([name, { json, says }]) => [name, json.optional().describe(says)] as const);
  const shape = {
    ...besides,
    ...Object.fromEntries(pathIdNames(declaration).map((name) => [name, idSchema])),
    ...Object.fromEntries(asked),
    ...body?.shape,
  };
  return z.strictObject(shape).superRefine((input, context) => {
    const fields = Object.entries(input).filter(([name]) => body && Object.hasOwn(body.shape, name));
    const { error } = body?.safeParse(Object.fromEntries(fields)) ?? {};
    for (const { message, path } of error?.issues ?? []) context.addIssue({ code: 'custom', message, path });
  });
}
