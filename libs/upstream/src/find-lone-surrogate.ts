import { entriesOf, LongText } from '@b24/portal';

/**
 * Returns the path of half a surrogate pair (half an emoji) in these parameters, for example `fields.TITLE`; undefined when
 * there is none. PHP's `json_decode` rejects a body that holds one, so the portal would run the method without parameters
 * or find no token.
 */
export function findLoneSurrogate(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  if (value instanceof LongText) return value.isWellFormed() ? undefined : path;
  if (Array.isArray(value)) return inList(value, path);
  for (const [key, item] of entriesOf(value)) {
    const place = path === '' ? key.toWellFormed() : `${path}.${key.toWellFormed()}`;
    const found = key.isWellFormed() ? findLoneSurrogate(item, place) : place;
    if (found !== undefined) return found;
  }
  return undefined;
}

function inList(items: readonly unknown[], path: string): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = findLoneSurrogate(item, path === '' ? `${index}` : `${path}.${index}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
