/** A map of parameters as PHP would hold it after reading a query, a form or a JSON body. */
export type PhpInput = Record<string, unknown>;

export function isMap(value: unknown): value is PhpInput {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads `a=1&b[c]=2&d[]=3` as PHP's `parse_str` does: every value is a string (docs/bitrix24-rules.md#values). */
export function parsePhpQuery(text: string): PhpInput {
  const root = emptyMap();
  for (const part of text.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = decode(equals < 0 ? part : part.slice(0, equals));
    assign(root, pathOf(name), equals < 0 ? '' : decode(part.slice(equals + 1)));
  }
  for (const key of Object.keys(root)) root[key] = listsRestored(root[key]);
  return root;
}

/** Writes pairs the way PHP's `http_build_query` does, brackets percent-encoded, spaces as plus signs. */
export function encodeForm(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** Encodes a PHP array as JSON does: empty is `[]`, keys 0…n in order are a list (docs/bitrix24-rules.md#values). */
export function phpArray(map: ReadonlyMap<string, unknown>): unknown {
  const keys = [...map.keys()];
  if (keys.every((key, index) => key === String(index))) return [...map.values()];
  const object = emptyMap();
  for (const [key, value] of map) object[key] = value;
  return object;
}

/** PHP's idea of a true value: `"0"` and the empty string are false, `"false"` is true. */
export function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isMap(value)) return Object.keys(value).length > 0;
  return Boolean(value) && value !== '0';
}

function emptyMap(): PhpInput {
  return Object.create(null) as PhpInput;
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced.replace(/%[0-9a-f]{2}/gi, (hex) => String.fromCharCode(parseInt(hex.slice(1), 16)));
  }
}

function encode(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}

/** `fields[groupId]` becomes `['fields', 'groupId']`; `list[]` ends in an empty step that means "the next index". */
function pathOf(name: string): string[] {
  const trimmed = name.trimStart();
  const bracket = trimmed.indexOf('[');
  const base = (bracket < 0 ? trimmed : trimmed.slice(0, bracket)).replace(/[. ]/g, '_');
  const rest = bracket < 0 ? '' : trimmed.slice(bracket);
  return [base, ...bracketed(rest)];
}

/** What stands between each `[` and the first `]` behind it. */
export function bracketed(text: string): string[] {
  const found: string[] = [];
  for (let open = text.indexOf('['); open >= 0;) {
    const close = text.indexOf(']', open);
    if (close < 0) break;
    found.push(text.slice(open + 1, close));
    open = text.indexOf('[', close);
  }
  return found;
}

function assign(root: PhpInput, path: readonly string[], value: string): void {
  if (path[0] === undefined || path[0] === '') return;
  let node = root;
  path.forEach((step, index) => {
    const key = step === '' ? String(nextIndex(node)) : step;
    if (index === path.length - 1) {
      node[key] = value;
      return;
    }
    const child = isMap(node[key]) ? node[key] : emptyMap();
    node[key] = child;
    node = child;
  });
}

function nextIndex(node: PhpInput): number {
  const indexes = Object.keys(node).filter((key) => /^\d+$/.test(key));
  return indexes.length === 0 ? 0 : Math.max(...indexes.map(Number)) + 1;
}

function listsRestored(value: unknown): unknown {
  if (!isMap(value)) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, listsRestored(child)] as const);
  return phpArray(new Map(entries));
}
