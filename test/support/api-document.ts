import { readFileSync } from 'node:fs';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

/** A schema of OpenAPI 3.0, as openapi.json holds it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly additionalProperties?: boolean | Schema;
  readonly nullable?: boolean;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema; readonly examples?: object }>>;

interface DocumentedOperation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface Operation extends DocumentedOperation {
  /** In capitals. */
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
}

/** What was answered, as far as the document speaks of it. */
export interface Told {
  readonly status: number;
  /** The content type; empty where there is none. */
  readonly type: string;
  /** Parsed where the type is JSON, or its text; absent where it was not looked at. */
  readonly body?: unknown;
}

interface Route {
  readonly shape: RegExp;
  readonly operation: Operation;
}

const methods = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head', 'trace'];

/** openapi.json as a judge of answers: its operations, and whether an answer is one that it tells of. */
export class ApiDocument {
  readonly operations: readonly Operation[];
  private readonly routes: readonly Route[];
  private readonly schemas: Readonly<Record<string, Schema>>;
  private readonly ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  private readonly validators = new Map<string, ValidateFunction>();

  private constructor(document: Document) {
    this.schemas = document.components.schemas;
    this.operations = Object.entries(document.paths).flatMap(([path, of]) =>
      methods.flatMap((method) => {
        const operation = of[method];
        return operation
          ? [{ ...operation, method: method.toUpperCase(), path, parameters: operation.parameters ?? [] }]
          : [];
      }),
    );
    // With the fewest parameters first: `/backlogs/fields` is no `/backlogs/{backlogId}`.
    this.routes = this.operations
      .map((operation) => ({ shape: new RegExp(`^${operation.path.replace(/\{\w+\}/g, '[^/]+')}$`), operation }))
      .sort((a, b) => parametersOf(a) - parametersOf(b));
  }

  static read(file = 'openapi.json'): ApiDocument {
    return new ApiDocument(JSON.parse(readFileSync(file, 'utf8')) as Document);
  }

  /** The operation at this path, without its query; undefined when there is none. */
  operationAt(method: string, path: string): Operation | undefined {
    const here = this.routes.filter(({ shape }) => shape.test(path));
    const [nearest] = here;
    return here.find(({ shape, operation }) => shape.source === nearest?.shape.source && operation.method === method)
      ?.operation;
  }

  /** What a reference leads to. */
  resolved(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : this.resolved(this.schemas[name] ?? {});
  }

  /** What the document does not say of this answer, in a sentence; undefined when it says all of it. */
  complaintOf(operation: Operation, { status, type, body }: Told): string | undefined {
    const { operationId, responses } = operation;
    const said = responses[status];
    if (!said) return `${operationId} answered ${status}, which openapi.json does not say.`;
    const types = Object.keys(said.content ?? {});
    const bare = type.split(';')[0]?.trim() ?? '';
    if (types.length === 0)
      return body ? `${operationId} answered ${status} with a body; none is documented.` : undefined;
    const content = said.content?.[bare];
    if (!content) return `${operationId} answered ${status} as "${bare}", not as ${types.join(' or ')}.`;
    if (body === undefined || isStream(bare)) return undefined;
    return this.misfit(`${operationId} ${status} ${bare}`, content, body);
  }

  private misfit(place: string, { schema, examples }: Content[string], body: unknown): string | undefined {
    const { code } = (body ?? {}) as { code?: string };
    if (examples && place.endsWith('problem+json') && !Object.hasOwn(examples, code ?? ''))
      return `${place}: the code ${code} is not documented.`;
    if (!schema) return undefined;
    const validate = this.validators.get(place) ?? this.ajv.compile(this.standalone(schema));
    this.validators.set(place, validate);
    return validate(body) ? undefined : `${place}: ${(validate.errors ?? []).map(sentenceOf).join('; ')}.`;
  }

  /** The schema with all that it refers to, as JSON Schema. */
  private standalone(schema: Schema): object {
    return { ...(modern(schema) as object), components: modern({ schemas: this.schemas }) };
  }
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** Answers that go on: only their beginning is an answer of this moment. */
export function isStream(type: string): boolean {
  return /^(text\/event-stream|application\/(x-)?nd-?json|application\/jsonl)\b/.test(type);
}

/** OpenAPI 3.0 has flags where JSON Schema has null types and numbers; examples are no schemas. */
function modern(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(modern);
  if (typeof value !== 'object' || value === null) return value;
  const { nullable, exclusiveMinimum, exclusiveMaximum, ...rest } = value as Record<string, unknown>;
  const kept = Object.entries(rest).filter(([key]) => key !== 'example');
  const told = Object.fromEntries(kept.map(([key, inner]) => [key, modern(inner)]));
  const above = exclusiveMinimum === true ? { exclusiveMinimum: told['minimum'] } : {};
  const below = exclusiveMaximum === true ? { exclusiveMaximum: told['maximum'] } : {};
  const schema = { ...told, ...above, ...below };
  return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
}

function sentenceOf({ instancePath, message }: ErrorObject): string {
  return `${instancePath === '' ? 'the body' : instancePath} ${message ?? 'is wrong'}`;
}

function parametersOf({ shape }: Route): number {
  return shape.source.split('[^').length;
}
