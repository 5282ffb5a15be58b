import { readFileSync } from 'node:fs';

interface Answer {
  readonly content?: Readonly<Record<string, { readonly examples?: object }>>;
}
interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, Answer>>;
}
interface Told {
  readonly status: number;
  readonly type: string;
  readonly code?: string | undefined;
}

const { paths } = JSON.parse(readFileSync('openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
};
/** With the fewest parameters first: `/backlogs/fields` is no `/backlogs/{backlogId}`. */
const routes = Object.entries(paths)
  .map(([path, operations]) => ({ path: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`), operations }))
  .sort((a, b) => parameters(a.path) - parameters(b.path));

/** @throws Error when openapi.json does not say that the operation can answer so. What is no operation passes. */
export function mustBeDocumented(method: string, url: string, { status, type, code }: Told): void {
  const [path = ''] = url.split('?');
  const operation = routes.find((route) => route.path.test(path))?.operations[method.toLowerCase()];
  if (!operation) return;
  const answer = operation.responses[status];
  const said = `${operation.operationId} answered ${status} ${code ?? ''}, which openapi.json does not say.`;
  if (!answer) throw new Error(said);
  const problem = answer.content?.['application/problem+json'];
  if (!problem) return;
  if (!type.startsWith('application/problem+json') || !Object.hasOwn(problem.examples ?? {}, code ?? ''))
    throw new Error(said);
}

function parameters(path: RegExp): number {
  return path.source.split('[^').length;
}
