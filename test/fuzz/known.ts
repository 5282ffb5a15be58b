import type { Operation } from '../support/api-document';

const most = 60;

/** Stands for whatever is known under a name when the request is sent. */
export class KnownReference {
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

/** Path parameters that lead to one thing together: a sprint and the portal it is on. */
export type KnownPlace = Readonly<Record<string, unknown>>;

/**
 * Values that lead somewhere, by the name of the parameter or field they fit: what the ground was laid with, and what
 * answers told since. So an operation that nobody thought of when this was written is asked for what is there.
 */
export class KnownValues {
  private readonly values = new Map<string, readonly unknown[]>();
  private readonly places = new Map<string, readonly KnownPlace[]>();

  constructor(private readonly operations: readonly Operation[]) {}

  set(name: string, values: readonly unknown[]): void {
    this.values.set(name, values);
  }

  /** A place that the operation leads to, if any was told of and the ground was not laid with others. */
  placeOf({ path }: Operation, pick: number): KnownPlace {
    const last = /.*\{(\w+)\}/.exec(path)?.[1];
    const name = last === undefined ? '' : nameOf(path, last);
    const places = this.values.has(name) ? [] : (this.places.get(name) ?? []);
    return places[pick % places.length] ?? {};
  }

  /** A tree in which each Known has become a value: of the place, if it has one. */
  filled(value: unknown, place: KnownPlace): unknown {
    if (value instanceof KnownReference) return this.valueOf(value, place);
    if (Array.isArray(value)) return value.map((it) => this.filled(it, place));
    if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.filled(inner, place)]));
  }

  /** What was created is known from now on: where its Location leads, or by its id in its collection. */
  learn(created: Operation, location: string | undefined, body: unknown): void {
    const { id } = (typeof body === 'object' && body !== null ? body : {}) as { id?: unknown };
    for (const { path } of this.operations) {
      const found = location === undefined ? undefined : parametersIn(path, location);
      const reported =
        found ?? (path === `${created.path}/{id}` && id !== undefined ? { [created.path]: id } : undefined);
      const name = reported && Object.keys(reported).at(-1);
      if (name) this.add(name, reported);
    }
  }

  private valueOf({ name, pick, otherwise }: KnownReference, place: KnownPlace): unknown {
    if (Object.hasOwn(place, name)) return place[name];
    const reported = (this.places.get(name) ?? []).map((it) => it[name]);
    const values = this.values.get(name) ?? reported;
    return values.length > 0 ? values[pick % values.length] : otherwise;
  }

  private add(name: string, place: KnownPlace): void {
    const places = this.places.get(name) ?? [];
    if (places.some((it) => JSON.stringify(it) === JSON.stringify(place))) return;
    this.places.set(name, [...places, place].slice(-most));
  }
}

/** The parameters of a path template in a path; undefined when it is of another. */
function parametersIn(template: string, path: string): KnownPlace | undefined {
  const parts = template.split('/');
  const given = path.split('/');
  const fits = parts.length === given.length && parts.every((it, i) => it.startsWith('{') || it === given[i]);
  if (!fits || !template.endsWith('}')) return undefined;
  const named = parts.flatMap((it, i) => {
    const name = /^\{(\w+)\}$/.exec(it)?.[1];
    return name ? [[nameOf(template, name), decodeURIComponent(given[i] ?? '')]] : [];
  });
  return Object.fromEntries(named) as KnownPlace;
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
}
