import { type ReferenceDocument, isRecord, type ListedOperation, listOperations } from './api-document';

/** An operation that was found, and by what. */
export interface FoundOperation {
  readonly operation: ListedOperation;
  /** `field createdBy` or `code not_allowed`; undefined if its path, id or summary was found. */
  readonly by?: string;
}

interface IndexedOperation {
  readonly operation: ListedOperation;
  /** Its method, path, id and summary, in lower case. */
  readonly names: string;
  readonly fields: ReadonlySet<string>;
  readonly codes: ReadonlySet<string>;
}

/** Searches the paths, ids, summaries, fields and codes of a document's operations. */
export class DocumentSearch {
  private readonly operations: readonly IndexedOperation[];

  constructor(private readonly document: ReferenceDocument) {
    this.operations = listOperations(document).map((it) => this.indexed(it));
  }

  /** Returns the operations that match every word; those found by a name come first, then by a code, then by a field. */
  find(text: string): FoundOperation[] {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const named = this.operations.filter(({ names }) => words.every((word) => names.includes(word)));
    const rest = this.operations.filter((it) => !named.includes(it));
    const [first = ''] = words;
    const byPart = (kind: 'code' | 'field') =>
      rest.flatMap(({ operation, fields, codes }) => {
        const part = words.length > 1 ? undefined : closest(kind === 'code' ? codes : fields, first);
        return part === undefined ? [] : [{ operation, by: `${kind} ${part}` }];
      });
    const coded = byPart('code');
    const fielded = byPart('field').filter(({ operation }) => !coded.some((it) => it.operation === operation));
    return [...named.map(({ operation }) => ({ operation })), ...coded, ...fielded];
  }

  private indexed(operation: ListedOperation): IndexedOperation {
    const { id, method, path, summary, operation: details } = operation;
    const [fields, codes] = [new Set<string>(), new Set<string>()];
    this.collect([details.parameters, details.requestBody, details.responses], { fields, codes, seen: new Set() });
    return { operation, names: `${method} ${path} ${id} ${summary}`.toLowerCase(), fields, codes };
  }

  /** Walks everything that an operation refers to: properties and parameters are fields, names of examples are codes. */
  private collect(value: unknown, found: { fields: Set<string>; codes: Set<string>; seen: Set<string> }): void {
    if (Array.isArray(value)) for (const it of value) this.collect(it, found);
    if (!isRecord(value)) return;
    const { $ref: reference, properties, examples, name, in: place } = value;
    if (typeof reference === 'string') {
      if (found.seen.has(reference)) return;
      found.seen.add(reference);
      this.collect(this.at(reference), found);
    }
    if (typeof name === 'string' && typeof place === 'string') found.fields.add(name);
    if (isRecord(properties)) for (const field of Object.keys(properties)) found.fields.add(field);
    if (isRecord(examples)) for (const code of Object.keys(examples)) found.codes.add(code);
    for (const [key, inner] of Object.entries(value)) if (!isExample(key)) this.collect(inner, found);
  }

  private at(reference: string): unknown {
    const [, , kind = '', name = ''] = reference.split('/');
    return this.document.components?.[kind]?.[name];
  }
}

function isExample(key: string): boolean {
  return key === 'example' || key === 'examples' || key === 'headers';
}

/** Returns the shortest of the names that contain the word. */
function closest(names: ReadonlySet<string>, word: string): string | undefined {
  const found = [...names].filter((name) => name.toLowerCase().includes(word));
  return found.sort((a, b) => a.length - b.length)[0];
}
