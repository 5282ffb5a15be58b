import type { Operation } from '../support/api-document';

const most = 60;

/** Stands for whatever is known under a name when the request is sent. */
export class Known {
  constructor(
    readonly name: string,
    readonly pick: number,
    /** Where nothing is known under the name. */
    readonly otherwise: unknown,
  ) {}

  toString(): string {
    return `a known ${this.name}`;
  }
}

/** The name of a parameter; an `id` is one of its collection. */
export function nameOf(path: string, parameter: string): string {
  return parameter === 'id' ? (path.split('/{id}')[0] ?? '') : parameter;
}

/**
 * Values that lead somewhere, by the name of the parameter or field they fit: what the ground was laid with, and what
 * answers told since. So an operation that nobody thought of when this was written is asked for what is there.
 */
export class KnownValues {
  private readonly values = new Map<string, unknown[]>();

  constructor(private readonly operations: readonly Operation[]) {}

  set(name: string, values: readonly unknown[]): void {
    this.values.set(name, [...values]);
  }

  /** A tree in which each Known has become a value. */
  filled(value: unknown): unknown {
    if (value instanceof Known) {
      const values = this.values.get(value.name) ?? [];
      return values.length > 0 ? values[value.pick % values.length] : value.otherwise;
    }
    if (Array.isArray(value)) return value.map((it) => this.filled(it));
    if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.filled(inner)]));
  }

  /** What was created is known from now on. */
  learn(created: Operation, body: unknown): void {
    const { id, ...more } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
    if (id === undefined) return;
    for (const { path } of this.operations) {
      const [, parameter] = path.startsWith(`${created.path}/{`)
        ? (/\{(\w+)\}/.exec(path.slice(created.path.length)) ?? [])
        : [];
      if (parameter) this.add(nameOf(path, parameter), id);
    }
    for (const [name, value] of Object.entries(more)) if (name.endsWith('Id')) this.add(name, value);
  }

  private add(name: string, value: unknown): void {
    const values = this.values.get(name) ?? [];
    if (values.includes(value)) return;
    this.values.set(name, [...values, value].slice(-most));
  }
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
}
