import { checks } from '../authorization/defences.mjs';
import { defences } from '../chaos/defences.mjs';
import { brokenFiles } from './broken-build.mjs';

/** Prints each defence that `npm run chaos:broken` and `npm run fuzz:access:broken` could not remove from this build. */
for (const { without, in: changes } of [...defences, ...checks]) {
  try {
    brokenFiles(changes);
  } catch (error) {
    console.log(`without ${without}: ${error.message}`);
  }
}
