import { LongText } from './json/long-text';

/**
 * What a command reads or changes, as far as it is known: `{ family: 'backlog', ids: { group: 125 } }`. Two of a family
 * are the same when they agree in an id, may be the same when they share none, and differ when they disagree in one.
 */
export interface Entity {
  readonly family: string;
  readonly ids: Readonly<Record<string, number | string>>;
}

/** One method to run on a portal. */
export interface Command {
  /** The vendor's name, as `tasks.api.scrum.backlog.get`. */
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** A read may be sent again after an ambiguous failure; a write may not. */
  readonly effect: 'read' | 'write';
  /** Unknown: it may be anything. */
  readonly entity?: Entity;
  /** Whose turn it takes where many wait: the client key's id. */
  readonly from?: string;
  /** The digest of the key that admitted it, hexadecimal; absent for the gateway's own commands and the administrator's. */
  readonly keyDigest?: string;
  /** The `traceparent` of the call, where calls are traced. */
  readonly trace?: string;
  /** Of a call to version 3 of the API, which takes this body in place of `params`. It shares no request. */
  readonly v3?: V3Body;
  /** Of a `batch` that is a caller's own: what it runs inside, in this order. It travels alone. */
  readonly inside?: readonly Inner[];
}

/** The body of a call to version 3 of the API, and its header. */
interface V3Body {
  /** A list for `batch`. */
  readonly body: unknown;
  readonly idempotencyKey?: string;
}

/** One command of a caller's own batch. */
export interface Inner {
  readonly name: string;
  readonly method: string;
}

/** The methods that a command runs, in lower case: its own and those inside. */
export function methodsOf({ method, inside = [] }: Pick<Command, 'method' | 'inside'>): string[] {
  return [method, ...inside.map((it) => it.method)].map((it) => it.toLowerCase());
}

/** Longer than any name of a method. */
const maxMethodLength = 200;

/** Returns the method that a command of a batch runs: the part before the query of its URL. Undefined if it is no text. */
export function methodOfBatchCommand(command: unknown): string | undefined {
  const text = command instanceof LongText ? command.head(maxMethodLength) : command;
  return typeof text === 'string' ? (text.split(/[?#]/, 1)[0] ?? '') : undefined;
}
