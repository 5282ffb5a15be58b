import type { MethodTable } from '../method-context';

/** Methods for tests, which no real portal has. */
export const labMethods: MethodTable = {
  'lab.echo': { scope: '', run: ({ received }) => received },
  // The same under a name that reads.
  'lab.echo.get': { scope: '', run: ({ received }) => received },
};
