import { AuditLog, ClientKeys } from '@b24/access';
import {
  FreshGrants,
  type GrantStore,
  Installer,
  KeepAlive,
  KeptClaims,
  OAuthServer,
  type PortalRecord,
  RedisGrantStore,
  Relocation,
  Seal,
} from '@b24/grants';
import { BottleneckBucket, type Bucket, type Platform, RedisPlatform } from '@b24/lanes';
import { type Clock, type PortalId, type Post, Secret } from '@b24/portal';
import type { StoreConnection, StoreRefused } from '@b24/store';
import { axiosPost, onlyTo, undiciAdapter, upstream } from '@b24/upstream';
import { Once, RedisWriteRecords } from '@b24/writes';
import { HttpModule, HttpService } from '@nestjs/axios';
import { type DynamicModule, type FactoryProvider, type InjectionToken, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { FastifyBaseLogger } from 'fastify';
import { AuditController } from './audit/audit.controller';
import { BacklogsController } from './backlogs/backlogs.controller';
import { ClientsController } from './clients/clients.controller';
import { Destinations } from './destinations';
import { ConsoleController } from './console/console.controller';
import { ConsoleDoor } from './console/console-door';
import { ConsoleSessions } from './console/console-sessions';
import { heardBy } from './console/heard-by';
import { Live } from './console/live';
import { LiveChannel } from './console/live-channel';
import { LiveFigures } from './console/live-figures';
import { Drain } from './health/drain';
import { HealthController } from './health/health.controller';
import { Metrics } from './health/metrics';
import { RedisWatch } from './health/redis-watch';
import { KeyGuard } from './http/key.guard';
import { ProblemFilter } from './http/problem.filter';
import { Throttle } from './http/throttle';
import { AuthorizationStates } from './installs/authorization-states';
import { Bitrix24Strategy } from './installs/bitrix24-strategy';
import { EventsController } from './installs/events.controller';
import { InstallInbox } from './installs/install-inbox';
import { InstallsController } from './installs/installs.controller';
import { migrations } from './migrations';
import { PortalDirectory } from './portals/portal-directory';
import { PortalsController } from './portals/portals.controller';
import { planOf } from './portals/plan-of';
import { viewOf } from './portals/portal-view';
import { WebhookTrial } from './portals/webhook-trial';
import { RequestLine } from './request-line';
import { sealedPlaces } from './sealed-places';
import type { Settings } from './settings';
import { StoreCheck } from './store-check';
import {
  bucketToken,
  clockToken,
  grantStoreToken,
  installerToken,
  platformToken,
  redisToken,
  settingsToken,
} from './tokens';

/** What a gateway is built on. */
export interface Ground {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly redis: StoreConnection;
  /** A connection of its own for the lanes. */
  readonly laneRedis: StoreConnection;
  readonly log: FastifyBaseLogger;
  /** Told when the store turns out to be none to work with. */
  readonly refused: (error: StoreRefused) => void;
}

const wireLimits = { connectTimeoutMs: 10_000, maxAnswerBytes: 16 * 1024 * 1024, connections: 64 };
/** A replica that is silent for longer than the lease is taken for dead; answers are told again for a day. */
const writeTimes = { leaseMs: 10_000, keepMs: 24 * 3_600_000 };
const postToken = Symbol('post');
const sealToken = Symbol('seal');

/** Rooms are built here and nowhere else; request-line.ts composes the line of them. */
@Module({})
export class GatewayModule {
  static on({ settings, clock, redis, laneRedis, log, refused }: Ground): DynamicModule {
    const destinations = new Destinations(settings.rules, settings.oauthServers);
    const mayConnect = (address: string, literal?: string) => destinations.mayConnect(address, literal);
    const { adapter } = undiciAdapter({ ...wireLimits, mayConnect });
    const authorizeUrl = (domain: string) => `${settings.publicUrl}/install?portal=${encodeURIComponent(domain)}`;
    return {
      module: GatewayModule,
      imports: [
        HttpModule.register({
          adapter,
          maxRedirects: 0,
          responseType: 'text',
          transformResponse: (data: unknown) => data,
          validateStatus: () => true,
        }),
      ],
      controllers: [
        BacklogsController,
        PortalsController,
        ClientsController,
        AuditController,
        InstallsController,
        EventsController,
        HealthController,
        ...(settings.console.served ? [ConsoleController] : []),
      ],
      providers: [
        { provide: APP_GUARD, useClass: KeyGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: settingsToken, useValue: settings },
        { provide: clockToken, useValue: clock },
        { provide: redisToken, useValue: redis },
        Metrics,
        made(AuditLog, [], () => new AuditLog({ redis, clock, log, keep: settings.auditKeep })),
        made(Throttle, [], () => new Throttle(clock)),
        made(ConsoleDoor, [ClientKeys, Throttle], (keys: ClientKeys, throttle: Throttle) => {
          const sessions = new ConsoleSessions({ redis, keys, clock, idleMs: settings.console.idleMs });
          return new ConsoleDoor(sessions, throttle, settings.publicUrl);
        }),
        made(LiveFigures, [], () => new LiveFigures(clock)),
        made(
          Live,
          [LiveFigures, RequestLine, grantStoreToken],
          (figures: LiveFigures, { lanes }: RequestLine, store: GrantStore) => {
            const look = async (portal: PortalId) => {
              const record = await store.load(portal);
              if (!record) return undefined;
              const level = await lanes.level(portal, planOf(record, settings.plan));
              return { portal: viewOf(record, { defaultPlan: settings.plan }), level };
            };
            return new Live({ figures, channel: new LiveChannel(redis), lanes, clock, look });
          },
        ),
        made(postToken, [HttpService], (http: HttpService) =>
          onlyTo((url) => destinations.mayAsk(url), axiosPost(http)),
        ),
        made(sealToken, [], () => new Seal(settings.encryptionKeys)),
        made(StoreCheck, [sealToken], (seal: Seal) => {
          const places = sealedPlaces(redis, seal);
          return new StoreCheck({
            store: redis,
            clock,
            log,
            keys: settings.encryptionKeys,
            places,
            migrations,
            refused,
          });
        }),
        made(RedisWatch, [Metrics], (metrics: Metrics) => {
          const watch = new RedisWatch(redis, clock, log);
          metrics.watchStore(watch);
          return watch;
        }),
        made(bucketToken, [], () => new BottleneckBucket({ redis: laneRedis, clock })),
        made(platformToken, [sealToken], (seal: Seal) => new RedisPlatform({ redis, seal: textSeal(seal), clock })),
        made(ClientKeys, [], () => new ClientKeys(redis, settings.adminKey, clock)),
        made(grantStoreToken, [sealToken], (seal: Seal) => new RedisGrantStore(redis, seal)),
        made(PortalDirectory, [grantStoreToken], (store: GrantStore) => new PortalDirectory(store)),
        made(
          OAuthServer,
          [postToken],
          (post: Post) => new OAuthServer({ servers: settings.oauthServers, ...settings.app, post, clock }),
        ),
        made(
          FreshGrants,
          [grantStoreToken, OAuthServer, Metrics],
          (store: GrantStore, oauth: OAuthServer, observer: Metrics) => {
            return new FreshGrants({ store, oauth, clock, rules: settings.rules, authorizeUrl, observer });
          },
        ),
        made(
          Relocation,
          [grantStoreToken, OAuthServer, FreshGrants],
          (store: GrantStore, oauth: OAuthServer, grants: FreshGrants) => {
            return new Relocation({ store, oauth, grants, clock, rules: settings.rules });
          },
        ),
        made(KeepAlive, [grantStoreToken, FreshGrants], (store: GrantStore, grants: FreshGrants) => {
          const seen = (portal: PortalId, outcome: string) => log.info({ portal, outcome }, 'idle grant was due');
          return new KeepAlive({ store, grants, clock, afterMs: settings.keepAliveDays * 86_400_000, seen });
        }),
        made(
          RequestLine,
          [postToken, bucketToken, platformToken, grantStoreToken, FreshGrants, Relocation, Metrics, LiveFigures],
          (
            post: Post,
            bucket: Bucket,
            platform: Platform,
            store: GrantStore,
            grants: FreshGrants,
            relocation: Relocation,
            metrics: Metrics,
            live: LiveFigures,
          ) => {
            const { queueLimit, callTimeoutMs, callLimitMs, plan } = settings;
            const limits = {
              queueLimit,
              callTimeoutMs,
              callLimitMs,
              planOf: (record: PortalRecord) => planOf(record, plan),
            };
            const observer = heardBy(metrics, live);
            const parts = { clock, post, bucket, platform, store, grants, relocation, observer };
            const line = new RequestLine({ ...parts, ...limits });
            metrics.watch(line.lanes, log);
            return line;
          },
        ),
        made(Once, [sealToken], (seal: Seal) => {
          const { callLimitMs } = settings;
          const records = new RedisWriteRecords(redis, seal, { ...writeTimes, callLimitMs });
          return new Once({ records, clock, callLimitMs, renewEveryMs: writeTimes.leaseMs / 4 });
        }),
        made(
          installerToken,
          [grantStoreToken, OAuthServer, RequestLine],
          (store: GrantStore, oauth: OAuthServer, line: RequestLine) => {
            return new Installer({
              store,
              oauth,
              clock,
              rules: settings.rules,
              installed: (record) => line.installed(record),
            });
          },
        ),
        made(
          WebhookTrial,
          [bucketToken, postToken, grantStoreToken],
          (bucket: Bucket, post: Post, store: GrantStore) => {
            const plan = async (portal: PortalId) => planOf((await store.load(portal)) ?? {}, settings.plan);
            return new WebhookTrial(bucket, upstream({ post, clock }), plan);
          },
        ),
        made(
          AuthorizationStates,
          [sealToken],
          (seal: Seal) => new AuthorizationStates(redis, seal.derive('authorization state')),
        ),
        made(
          Bitrix24Strategy,
          [AuthorizationStates, installerToken],
          (states: AuthorizationStates, installer: Installer) => {
            return new Bitrix24Strategy(settings.app.clientId, states, installer);
          },
        ),
        made(
          InstallInbox,
          [installerToken, sealToken, AuditLog],
          (installer: Installer, seal: Seal, audit: AuditLog) => {
            const told = { actor: 'portal event', action: 'installPortal', status: 200, outcome: 'done' } as const;
            const installed = ({ portal }: PortalRecord, requestId: string) => {
              audit.note({ ...told, portal, requestId, atMs: clock.now() });
            };
            return new InstallInbox({ installer, claims: new KeptClaims(redis, seal), clock, log, installed });
          },
        ),
        made(
          Drain,
          [RequestLine, FreshGrants, InstallInbox, KeepAlive, Once, AuditLog, Live],
          (
            line: RequestLine,
            grants: FreshGrants,
            inbox: InstallInbox,
            keepAlive: KeepAlive,
            once: Once,
            audit: AuditLog,
            live: Live,
          ) => new Drain({ line, grants, inbox, keepAlive, once, audit, live }),
        ),
      ],
    };
  }
}

/** What waiting calls hold goes through Redis as sealed as a token. */
function textSeal(seal: Seal) {
  return {
    close: (text: string, place: string) => seal.close(new Secret(text), place),
    open: (sealed: string, place: string) => seal.open(sealed, place).reveal(),
  };
}

/** A provider built of others, checked for nothing but their order. */
function made(
  provide: InjectionToken,
  inject: InjectionToken[],
  useFactory: (...parts: never[]) => unknown,
): FactoryProvider {
  return { provide, inject, useFactory: useFactory as FactoryProvider['useFactory'] };
}
