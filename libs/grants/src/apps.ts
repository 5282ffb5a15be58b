import { createHash } from 'node:crypto';
import { type Clock, Fault } from '@b24/portal';
import { fieldSwap, orStoreUnavailable } from '@b24/redis';
import type { Keyring, Sealer } from '@b24/seal';
import type { Cluster, Redis } from 'ioredis';
import { type App, defaultApp } from './app';
import { sameSecret } from './same-secret';

/** In docs/storage.md. */
export const appsKey = 'b24:apps';

export interface AppsOptions {
  readonly redis: Redis | Cluster;
  readonly seal: Keyring;
  readonly clock: Clock;
  /** The app that the environment configures, if any. */
  readonly fromSettings: Pick<App, 'clientId' | 'clientSecret' | 'scope'> | undefined;
}

export type NewApp = Pick<App, 'name' | 'clientId' | 'clientSecret' | 'scope'>;
export type AppChanges = Partial<Pick<App, 'name' | 'clientSecret'>>;

/** An app as stored: JSON with sealed secrets. */
export interface StoredApp extends Omit<App, 'id' | 'clientSecret' | 'previousSecret'> {
  readonly secret: string;
  readonly previousSecret?: string;
}

/**
 * The apps of this gateway. An app is read from the store whenever it is needed, so that every replica sees a new app or
 * a rotated secret at once. Methods throw Fault store_unavailable; the app of the settings needs no store.
 */
export class Apps {
  private readonly seal: Sealer;
  private readonly swapFields;

  constructor(private readonly options: AppsOptions) {
    this.seal = options.seal.for('apps');
    this.swapFields = fieldSwap(options.redis);
  }

  /** @throws Fault app_not_found */
  async get(id: string): Promise<App> {
    const app = id === defaultApp ? this.ofSettings : (await this.stored(id))?.app;
    if (!app) throw new Fault('app_not_found');
    return app;
  }

  /** Returns the app of the settings first, then the others in the order of registration. */
  async list(): Promise<App[]> {
    const stored = await orStoreUnavailable(() => this.options.redis.hgetall(appsKey));
    const apps = Object.entries(stored).map(([id, text]) => this.opened(id, text));
    apps.sort((a, b) => (a.registeredAtMs ?? 0) - (b.registeredAtMs ?? 0) || (a.id < b.id ? -1 : 1));
    return this.ofSettings ? [this.ofSettings, ...apps] : apps;
  }

  /** Registers an app; repeating it with the same values changes nothing. @throws Fault app_already_registered */
  async register(wanted: NewApp): Promise<App> {
    if (wanted.clientId === this.ofSettings?.clientId) throw new Fault('app_already_registered');
    const id = idOf(wanted.clientId);
    const now = this.options.clock.now();
    const app = { id, ...wanted, registeredAtMs: now, secretSetAtMs: now };
    await orStoreUnavailable(() => this.options.redis.hsetnx(appsKey, id, this.sealed(app)));
    const there = await this.get(id);
    if (!isSame(there, wanted)) throw new Fault('app_already_registered');
    return there;
  }

  /** Changes an app. The previous secret is kept and tried while the new one is rejected. @throws Fault app_not_found */
  async change(id: string, { name, clientSecret }: AppChanges): Promise<App> {
    for (;;) {
      const stored = await this.stored(id);
      if (!stored) throw new Fault('app_not_found');
      const { app, text } = stored;
      const isNew = clientSecret !== undefined && !sameSecret(clientSecret, app.clientSecret);
      if (!isNew && (name ?? app.name) === app.name) return app;
      const changed = {
        ...app,
        ...(name !== undefined && { name }),
        ...(isNew && { clientSecret, previousSecret: app.clientSecret, secretSetAtMs: this.options.clock.now() }),
      };
      const swap = () => this.swapFields(appsKey, id, text, this.sealed(changed));
      if ((await orStoreUnavailable(swap)) === 1) return changed;
    }
  }

  /** @throws Fault app_not_found */
  async remove(id: string): Promise<void> {
    if ((await orStoreUnavailable(() => this.options.redis.hdel(appsKey, id))) === 0) throw new Fault('app_not_found');
  }

  private get ofSettings(): App | undefined {
    const { fromSettings: ofSettings } = this.options;
    return ofSettings && { id: defaultApp, name: defaultApp, ...ofSettings };
  }

  private async stored(id: string): Promise<{ app: App; text: string } | undefined> {
    const text = await orStoreUnavailable(() => this.options.redis.hget(appsKey, id));
    return text === null ? undefined : { app: this.opened(id, text), text };
  }

  private sealed({ id, clientSecret, previousSecret, ...open }: App): string {
    const { seal } = this;
    const stored: StoredApp = {
      ...open,
      secret: seal.seal(clientSecret, appSecretContext(id, 'secret')),
      ...(previousSecret && { previousSecret: seal.seal(previousSecret, appSecretContext(id, 'previousSecret')) }),
    };
    return JSON.stringify(stored);
  }

  private opened(id: string, text: string): App {
    const { seal } = this;
    const { secret, previousSecret, ...open } = JSON.parse(text) as StoredApp;
    return {
      ...open,
      id,
      clientSecret: seal.open(secret, appSecretContext(id, 'secret')),
      ...(previousSecret && { previousSecret: seal.open(previousSecret, appSecretContext(id, 'previousSecret')) }),
    };
  }
}

/** Returns the context that an app's sealed secret is bound to. */
export function appSecretContext(id: string, field: 'secret' | 'previousSecret'): string {
  return `app|${id}|${field}`;
}

/** Derives the id from the client id, so that an app registered again keeps the addresses set in Bitrix24. */
function idOf(clientId: string): string {
  return `a_${createHash('sha256').update(`app ${clientId}`).digest('hex').slice(0, 16)}`;
}

function isSame(app: App, { name, clientId, clientSecret, scope }: NewApp): boolean {
  const isEqual = app.name === name && app.clientId === clientId && app.scope.join() === scope.join();
  return isEqual && sameSecret(app.clientSecret, clientSecret);
}
