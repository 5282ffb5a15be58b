import { readFileSync } from 'node:fs';
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

/** A schema of OpenAPI 3.1, which is JSON Schema 2020-12. */
export interface DocumentSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly items?: DocumentSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, DocumentSchema>>;
  readonly required?: readonly string[];
  readonly minProperties?: number;
  readonly additionalProperties?: boolean | DocumentSchema;
  readonly oneOf?: readonly DocumentSchema[];
  readonly anyOf?: readonly DocumentSchema[];
  readonly allOf?: readonly DocumentSchema[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'cookie';
  readonly required?: boolean;
  readonly schema: DocumentSchema;
}

/** An object of the document, or a reference to a shared one. */
type Shared<T> = T | { readonly $ref: string };

type Content = Readonly<Record<string, { readonly schema?: DocumentSchema; readonly examples?: object }>>;

interface PathOperation {
  readonly operationId: string;
  readonly parameters?: readonly Shared<Parameter>[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Shared<DocumentedResponse>>>;
}

interface DocumentedResponse {
  readonly content?: Content;
}

/** An operation, its references resolved except those to schemas. */
export interface Operation extends PathOperation {
  /** In capitals. */
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

/** What was answered, as far as the document speaks of it. */
export interface DocumentedAnswer {
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
  private readonly schemas: Readonly<Record<string, DocumentSchema>>;
  private readonly ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  private readonly validators = new Map<string, ValidateFunction>();

  private constructor(document: Document) {
    this.schemas = document.components.schemas;
    this.operations = Object.entries(document.paths).flatMap(([path, of]) =>
      methods.flatMap((method) => {
        const operation = of[method];
        return operation ? [{ ...withoutReferences(document, operation), method: method.toUpperCase(), path }] : [];
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
  resolved(schema: DocumentSchema): DocumentSchema {
    const name = schema.$ref?.split('/').at(-1);
    return name === undefined ? schema : this.resolved(this.schemas[name] ?? {});
  }

  /** What the document does not say of this answer, in a sentence; undefined when it says all of it. */
  complaintOf(operation: Operation, { status, type, body }: DocumentedAnswer): string | undefined {
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

  /** The schema with all that it refers to. */
  private standalone(schema: DocumentSchema): object {
    return { ...schema, components: { schemas: this.schemas } };
  }
}

type Components = Readonly<Record<'schemas' | 'parameters' | 'responses', Readonly<Record<string, object>>>>;
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, PathOperation>>>>;
  readonly components: Components & { readonly schemas: Readonly<Record<string, DocumentSchema>> };
}

function withoutReferences(document: Document, operation: PathOperation) {
  const responses = Object.entries(operation.responses).map(
    ([status, response]) => [status, dereferenced(document, response)] as const,
  );
  return {
    ...operation,
    parameters: (operation.parameters ?? []).map((it) => dereferenced(document, it)),
    responses: Object.fromEntries(responses),
  };
}

/** Returns the object itself, or what its reference leads to. @throws Error if the reference leads nowhere */
function dereferenced<T extends object>({ components }: Pick<Document, 'components'>, it: Shared<T>): T {
  if (!('$ref' in it)) return it;
  const [, kind = '', name = ''] = /^#\/components\/(\w+)\/(.+)$/.exec(it.$ref) ?? [];
  const found = components[kind as keyof Components]?.[name];
  if (!found) throw new Error(`${it.$ref} is not in the document.`);
  return found as T;
}

/** Answers that go on: only their beginning is an answer of this moment. */
export function isStream(type: string): boolean {
  return /^(text\/event-stream|application\/(x-)?nd-?json|application\/jsonl)\b/.test(type);
}

function sentenceOf({ instancePath, message }: ErrorObject): string {
  return `${instancePath === '' ? 'the body' : instancePath} ${message ?? 'is wrong'}`;
}

function parametersOf({ shape }: Route): number {
  return shape.source.split('[^').length;
}
