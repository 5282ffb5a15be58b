import { SealedEvents } from '@b24/events';
import { type Seal, SealedApps, SealedGrants, type SealedPlace, sealedUnder } from '@b24/grants';
import { SealedJobs } from '@b24/jobs';
import type { StoreConnection } from '@b24/redis';

/** Everything that is stored sealed. What is not in this list is not resealed, and its keys can be taken away unseen. */
export function sealedPlaces(store: StoreConnection, seal: Seal): SealedPlace[] {
  return [
    new SealedGrants(store, seal),
    new SealedApps(store, seal),
    new SealedEvents(store, seal, sealedUnder),
    new SealedJobs(store, seal, sealedUnder),
  ];
}
