import { noteExactValue } from './exact-value';

/** The names of an ordered object, in order. */
const order = Symbol('order');

const orderedPrototype: object = Object.create(Object.prototype, {
  toJSON: {
    value(this: object) {
      noteExactValue();
      return { ...this };
    },
  },
}) as object;

/**
 * Returns an object whose entries keep this order in `entriesOf` and `writeJson`. JavaScript would move names such as `5`
 * to the front; code that does not know of the order still reads every entry. Of equal names the last value counts.
 */
export function orderedObject(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const map = new Map(entries);
  const object = Object.fromEntries(map);
  const names = Object.keys(object);
  let at = 0;
  for (const name of map.keys()) if (name !== names[at++]) return withOrder(object, [...map.keys()]);
  return object;
}

/** Returns the entries of an object in the order in which they were written. */
export function entriesOf(value: object): [name: string, value: unknown][] {
  const names = (value as { readonly [order]?: readonly string[] })[order];
  if (!names) return Object.entries(value);
  return names.map((name) => [name, (value as Record<string, unknown>)[name]]);
}

/** Returns an object with the entries of all, in order; a later one replaces the value of an earlier one. */
export function mergedInOrder(...objects: readonly object[]): Record<string, unknown> {
  return orderedObject(objects.flatMap(entriesOf));
}

/** Returns whether an object keeps an order that JavaScript would not. */
export function isOrdered(value: object): boolean {
  return Object.hasOwn(value, order);
}

function withOrder(object: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  Object.setPrototypeOf(object, orderedPrototype);
  Object.defineProperty(object, order, { value: names });
  if (Object.hasOwn(object, 'toJSON')) noteReadsOf(object, object['toJSON']);
  return object;
}

/** A value of this name hides the method of the prototype, but is read by `JSON.stringify` in its place. */
function noteReadsOf(object: object, value: unknown): void {
  const get = () => {
    noteExactValue();
    return value;
  };
  Object.defineProperty(object, 'toJSON', { get, enumerable: true, configurable: true });
}
