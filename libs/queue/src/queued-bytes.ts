import type { Command } from '@b24/portal';

const perCommandBytes = 200;
const perValueBytes = 8;

/** About the bytes that a command's parameters occupy while it waits: its texts, and a little for each value. */
export function queuedBytes({ method, params, inside = [] }: Command): number {
  let bytes = perCommandBytes + method.length + inside.length * perCommandBytes;
  const rest: unknown[] = [params];
  while (rest.length > 0) {
    const value = rest.pop();
    bytes += perValueBytes;
    if (typeof value === 'string') bytes += value.length;
    else if (typeof value === 'object' && value !== null) {
      for (const [name, part] of Object.entries(value)) {
        bytes += name.length;
        rest.push(part);
      }
    }
  }
  return bytes;
}
