import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A client that is no npm package, at one commit. */
export interface ForeignClient {
  readonly name: string;
  readonly package: string;
  readonly version: string;
  readonly commit: string;
  readonly language: 'php' | 'python';
  /** It has no setting for http. */
  readonly https?: boolean;
  /** It takes no URL with a path before `/rest/`. */
  readonly onlyHostForm?: boolean;
  /** Cases that it can not send to any portal: its URL is too long. */
  readonly omitted?: readonly string[];
}

const read = (file: string): unknown => JSON.parse(readFileSync(join(__dirname, file), 'utf8'));

export const foreignClients = read('clients.json') as readonly ForeignClient[];

/** The cases of cases.json that the client can run. */
export function casesOf({ omitted = [] }: ForeignClient): string[] {
  return Object.keys(read('drivers/cases.json') as object).filter((name) => !omitted.includes(name));
}
