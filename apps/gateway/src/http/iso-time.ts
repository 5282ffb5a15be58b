import { z } from 'zod';

/** Formats Unix milliseconds as ISO 8601 in UTC. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A time in a query, as ISO 8601 with an offset; parsed to Unix milliseconds. */
export const timeQuery = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
