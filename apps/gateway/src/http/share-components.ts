import type { OpenAPIObject } from '@nestjs/swagger';
import { componentName } from './problem-responses';

interface DocumentParameter {
  readonly name: string;
  description?: string;
  schema?: { readonly description?: string };
}
interface DocumentOperation {
  readonly tags?: readonly string[];
  parameters?: object[];
  readonly responses: Record<string, object>;
}

/**
 * Moves what operations have in common to `components` and leaves references: responses that name their component, and
 * parameters that more than one operation takes.
 *
 * @throws Error when two different responses name the same component
 */
export function shareComponents(document: OpenAPIObject): void {
  const operations = operationsOf(document);
  for (const { parameters = [] } of operations)
    for (const parameter of parameters as DocumentParameter[]) describeParameter(parameter);
  document.components = {
    ...document.components,
    responses: shareResponses(operations) as NonNullable<OpenAPIObject['components']>['responses'] & object,
    parameters: shareParameters(operations) as NonNullable<OpenAPIObject['components']>['parameters'] & object,
  };
}

function operationsOf({ paths }: OpenAPIObject): DocumentOperation[] {
  return Object.values(paths).flatMap((path) => Object.values(path as Record<string, DocumentOperation>));
}

/** A parameter is described by its schema, unless it has a description of its own. */
function describeParameter(parameter: DocumentParameter): void {
  const { description, ...schema } = parameter.schema ?? {};
  if (description === undefined) return;
  parameter.description ??= description;
  parameter.schema = schema;
}

function shareResponses(operations: readonly DocumentOperation[]): Record<string, object> {
  const shared: Record<string, object> = {};
  for (const { responses } of operations) {
    for (const [status, response] of Object.entries(responses)) {
      if (!(componentName in response)) continue;
      const { [componentName]: name, ...content } = response as { [componentName]: string };
      if (JSON.stringify((shared[name] ??= content)) !== JSON.stringify(content))
        throw new Error(`Two different responses are named ${name}.`);
      responses[status] = { $ref: `#/components/responses/${name}` };
    }
  }
  return sorted(shared);
}

function shareParameters(operations: readonly DocumentOperation[]): Record<string, object> {
  const uses = new Map<string, number>();
  for (const { parameters = [] } of operations)
    for (const it of parameters) uses.set(JSON.stringify(it), (uses.get(JSON.stringify(it)) ?? 0) + 1);
  const shared: Record<string, object> = {};
  const names = new Map<string, string>();
  for (const operation of operations) {
    if (!operation.parameters) continue;
    operation.parameters = operation.parameters.map((parameter) => {
      const text = JSON.stringify(parameter);
      if ((uses.get(text) ?? 0) < 2) return parameter;
      const name = names.get(text) ?? freeName(parameter as DocumentParameter, operation, shared);
      names.set(text, name);
      shared[name] = parameter;
      return { $ref: `#/components/parameters/${name}` };
    });
  }
  return sorted(shared);
}

/**
 * Returns the parameter's name; if another parameter has that name, after the tag of the first operation that takes it.
 */
function freeName(
  { name }: DocumentParameter,
  { tags = [] }: DocumentOperation,
  taken: Readonly<Record<string, object>>,
): string {
  const candidates = [name, `${tags[0]}.${name}`];
  const free = candidates.find((it) => !Object.hasOwn(taken, it));
  if (free === undefined) throw new Error(`The parameter ${name} of ${tags[0]} has too many forms to share.`);
  return free;
}

function sorted(components: Readonly<Record<string, object>>): Record<string, object> {
  return Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1)));
}
