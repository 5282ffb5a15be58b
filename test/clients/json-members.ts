/** The members of a JSON object, in the order and with the exact text of their values. */
export function jsonMembers(object: string): [name: string, value: string][] {
  return splitTopLevel(object.slice(1, -1)).map((member) => {
    const [name = ''] = /^"(?:[^"\\]|\\.)*"/s.exec(member) ?? [];
    return [JSON.parse(name) as string, member.slice(name.length + 1)];
  });
}

/** Splits at the commas outside of strings, arrays and objects. The text has no white space between its tokens. */
function splitTopLevel(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/gs)) {
    if (token === '{' || token === '[') depth += 1;
    if (token === '}' || token === ']') depth -= 1;
    if (token !== ',' || depth > 0) continue;
    parts.push(text.slice(from, index));
    from = index + 1;
  }
  return text === '' ? [] : [...parts, text.slice(from)];
}
