import { type Command, LongText } from '@b24/portal';

const perCommandBytes = 200;
const perValueBytes = 8;

/** The size of a call's commands. */
export interface CallSize {
  /** The bytes that the commands take in a batch; undefined if they may not share one with other callers. */
  readonly batchBytes: number | undefined;
  /** The memory that the commands occupy while they wait, in bytes. */
  readonly bytes: number;
}

/** @param batchBytesOf the bytes of one command in a batch; undefined if it may not share one */
export function callSize(
  commands: readonly Command[],
  batchBytesOf: (command: Command) => number | undefined,
): CallSize {
  let batchBytes: number | undefined = 0;
  let bytes = 0;
  for (const command of commands) {
    const own = batchBytesOf(command);
    batchBytes = batchBytes === undefined || own === undefined ? undefined : batchBytes + own;
    bytes += queuedBytes(command);
  }
  return { batchBytes, bytes };
}

/** Estimates the memory that a command occupies while it waits: the length of its texts, plus a constant per value. */
function queuedBytes({ method, params, v3, inside = [] }: Command): number {
  let bytes = perCommandBytes + method.length + inside.length * perCommandBytes;
  const rest: unknown[] = [params, v3?.body];
  while (rest.length > 0) {
    const value = rest.pop();
    bytes += perValueBytes;
    if (typeof value === 'string') bytes += value.length;
    // The bytes of a long text are charged where bodies are read.
    else if (typeof value === 'object' && value !== null && !(value instanceof LongText)) {
      for (const [name, part] of Object.entries(value)) {
        bytes += name.length;
        rest.push(part);
      }
    }
  }
  return bytes;
}
