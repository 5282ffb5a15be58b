import type { Operation } from '../support/api-document';

const most = 60;

/** Stands for a known value of this name, which is filled in when the request is sent. */
export class KnownReference {
  constructor(
    readonly name: string,
    readonly pick: number,
    /** The value when none is known under the name. */
    readonly otherwise: unknown,
  ) {}

  toString(): string {
    return `a known ${this.name}`;
  }
}

/** Returns the name of a parameter; an `id` is named after its collection. */
export function nameOf(path: string, parameter: string): string {
  return parameter === 'id' ? (path.split('/{id}')[0] ?? '') : parameter;
}

/** Path parameters that identify one thing together, for example a sprint and its portal. */
export type KnownPlace = Readonly<Record<string, unknown>>;

/**
 * Values that exist, by the name of their parameter or field: those of the setup and those that answers returned since.
 * Thus operations that are added later are also called with existing ids.
 */
export class KnownValues {
  private readonly values = new Map<string, readonly unknown[]>();
  private readonly places = new Map<string, readonly KnownPlace[]>();

  constructor(private readonly operations: readonly Operation[]) {}

  set(name: string, values: readonly unknown[]): void {
    this.values.set(name, values);
  }

  /** Returns a place that the operation leads to; empty when an answer returned none or the setup has values for it. */
  placeOf({ path }: Operation, pick: number): KnownPlace {
    const last = /.*\{(\w+)\}/.exec(path)?.[1];
    const name = last === undefined ? '' : nameOf(path, last);
    const places = this.values.has(name) ? [] : (this.places.get(name) ?? []);
    return places[pick % places.length] ?? {};
  }

  /** Replaces each KnownReference in a value: by the value of the place if it has one, otherwise by a known one. */
  filled(value: unknown, place: KnownPlace): unknown {
    if (value instanceof KnownReference) return this.valueOf(value, place);
    if (Array.isArray(value)) return value.map((it) => this.filled(it, place));
    if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.filled(inner, place)]));
  }

  /** Records what was created, by the path of its Location or by its id in its collection. */
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

/** Returns the parameters of a path; undefined when the path does not match the template. */
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
