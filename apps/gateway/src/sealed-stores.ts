import { SealedEvents } from '@b24/events';
import { SealedApps, SealedGrants } from '@b24/grants';
import { SealedJobs } from '@b24/jobs';
import type { StoreConnection } from '@b24/redis';
import type { SealedStore } from '@b24/seal';

/** Lists everything that is stored sealed. A store that is missing here is never resealed, and its keys look unused. */
export function sealedStores(redis: StoreConnection): SealedStore[] {
  return [new SealedGrants(redis), new SealedApps(redis), new SealedEvents(redis), new SealedJobs(redis)];
}
