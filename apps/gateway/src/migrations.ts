import type { Migration } from '@b24/redis';

/** The steps of the stored data, oldest first: the first leads from version 1 to 2. A step is never changed or removed. */
export const migrations: readonly Migration[] = [];
