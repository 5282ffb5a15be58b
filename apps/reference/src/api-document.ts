/** The parts of an OpenAPI document that the search and the samples read. */
export interface ReferenceDocument {
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, ReferenceOperation>>>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface ReferenceOperation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly unknown[];
  readonly requestBody?: unknown;
  readonly responses?: unknown;
  readonly security?: readonly object[];
}

/** An operation with what names it. */
export interface ListedOperation {
  readonly id: string;
  readonly tag: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly operation: ReferenceOperation;
}

export function listOperations({ paths }: ReferenceDocument): ListedOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const { operationId: id, tags: [tag = ''] = [], summary = '' } = operation;
      return id === undefined ? [] : [{ id, tag, method: method.toUpperCase(), path, summary, operation }];
    }),
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the object that a reference such as `#/components/schemas/Backlog` leads to; anything else as it is. */
export function resolved(document: ReferenceDocument, value: unknown): unknown {
  if (!isRecord(value) || typeof value.$ref !== 'string') return value;
  const steps = value.$ref.split('/').slice(1);
  return steps.reduce<unknown>((at, step) => (isRecord(at) ? at[step.replaceAll('~1', '/')] : undefined), document);
}
