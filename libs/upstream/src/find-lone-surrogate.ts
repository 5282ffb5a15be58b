/**
 * Where these parameters hold half of a surrogate pair (half an emoji), such as `fields.TITLE`; undefined when nowhere.
 * PHP's `json_decode` reads no part of a body that holds one, so that the portal would run the method without any
 * parameter, or find no token.
 */
export function findLoneSurrogate(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const place = path === '' ? key.toWellFormed() : `${path}.${key.toWellFormed()}`;
    const found = key.isWellFormed() ? findLoneSurrogate(item, place) : place;
    if (found !== undefined) return found;
  }
  return undefined;
}
