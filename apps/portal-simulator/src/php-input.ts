import { OrderedArray, ReceivedNumber } from './ordered-array';

/** Parameters as methods read them: by name, so the order of names that are integers is not the sender's. */
export type PhpInput = Record<string, unknown>;

export function isMap(value: unknown): value is PhpInput {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The parameters by name; any name is an ordinary one. */
export function inputOf(array: OrderedArray): PhpInput {
  const input = Object.create(null) as PhpInput;
  for (const [key, value] of array) input[key] = plainOf(value);
  return input;
}

/** PHP's idea of a true value: `"0"` and the empty string are false, `"false"` is true. */
export function isTruthy(value: unknown): boolean {
  if (value instanceof OrderedArray) return value.size > 0;
  if (value instanceof ReceivedNumber) return value.value !== 0;
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value) && value !== '0';
}

/** Whether the keys are 0…n in order. */
export function isList(array: Iterable<readonly [string, unknown]>): boolean {
  let index = 0;
  for (const [key] of array) if (key !== String(index++)) return false;
  return true;
}

function plainOf(value: unknown): unknown {
  if (value instanceof ReceivedNumber) return value.value;
  if (!(value instanceof OrderedArray)) return value;
  return isList(value) ? [...value].map(([, item]) => plainOf(item)) : inputOf(value);
}
