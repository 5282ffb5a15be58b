/**
 * Follows the cursor of ZSCAN or HSCAN and yields pages of pairs: member and score, or field and value. Yields what stays
 * in the collection exactly once, although Redis may return it twice.
 * @param scan sends the command with this cursor
 */
export async function* scanPages(
  scan: (cursor: string) => Promise<[cursor: string, flat: string[]]>,
): AsyncGenerator<[string, string][], void, undefined> {
  const seen = new Set<string>();
  let cursor = '0';
  do {
    const [next, flat] = await scan(cursor);
    const page: [string, string][] = [];
    for (let i = 0; i < flat.length; i += 2) {
      const [name = '', value = ''] = flat.slice(i, i + 2);
      if (!seen.has(name)) page.push([name, value]);
      seen.add(name);
    }
    if (page.length > 0) yield page;
    cursor = next;
  } while (cursor !== '0');
}
