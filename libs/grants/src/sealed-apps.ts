import type { StoreConnection } from '@b24/redis';
import type { SealedStore, SealedText } from '@b24/seal';
import { appsKey, type StoredApp, appSecretContext } from './apps';

const secretFields = ['secret', 'previousSecret'] as const;

/** Reads the secrets of every registered app, each bound to `app|<app id>|<field>` inside the app's JSON. */
export class SealedApps implements SealedStore {
  readonly records = 'apps';

  constructor(private readonly redis: StoreConnection) {}

  async *pages(): AsyncGenerator<SealedText[][], void, undefined> {
    const apps = await this.redis.hgetall(appsKey);
    yield Object.entries(apps).map(([id, value]) => textsOf(id, value));
  }
}

function textsOf(id: string, value: string): SealedText[] {
  const app = JSON.parse(value) as StoredApp;
  return secretFields.flatMap((secret): SealedText[] => {
    const sealed = app[secret];
    if (sealed === undefined) return [];
    return [{ key: appsKey, field: id, value, sealed, purpose: 'apps', aad: appSecretContext(id, secret) }];
  });
}
