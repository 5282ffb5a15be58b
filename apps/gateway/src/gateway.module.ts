import { AuditLog, type Client, ClientKeys } from '@b24/access';
import { Binder, Bindings, Courier, EventQueue, Subscriptions } from '@b24/events';
import {
  Apps,
  defaultApp,
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
import { JobQueue, JobRecords, Jobs } from '@b24/jobs';
import { BottleneckBucket, type Bucket, type Platform, RedisPlatform } from '@b24/lanes';
import { type Clock, type PortalId, type Post, Secret } from '@b24/portal';
import type { StoreConnection, StoreRefused } from '@b24/store';
import { axiosPost, onlyTo, targetWire, type TargetWire, undiciAdapter, upstream } from '@b24/upstream';
import { Once, RedisWriteRecords } from '@b24/writes';
import { HttpModule, HttpService } from '@nestjs/axios';
import { type DynamicModule, type FactoryProvider, type InjectionToken, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { FastifyBaseLogger } from 'fastify';
import { addressesOf } from './apps/app-addresses';
import { AppsController } from './apps/apps.controller';
import { AuditController } from './audit/audit.controller';
import { AnyCalls } from './calls/any-calls';
import { Batches } from './calls/batches';
import { BatchesController } from './calls/batches.controller';
import { CallsController } from './calls/calls.controller';
import { ListsController } from './calls/lists.controller';
import { ClientsController } from './clients/clients.controller';
import { Destinations } from './destinations';
import { FanOut } from './fan-out/fan-out';
import { FanOutController } from './fan-out/fan-out.controller';
import { fanOutWork, type KeptFanOut } from './fan-out/fan-out-work';
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
import { jobMessage } from './jobs/job-message';
import { JobsController } from './jobs/jobs.controller';
import { LongWork } from './jobs/long-work';
import { McpController } from './mcp/mcp.controller';
import { migrations } from './migrations';
import { PortalDirectory } from './portals/portal-directory';
import { PortalsController } from './portals/portals.controller';
import { planOf } from './portals/plan-of';
import { viewOf } from './portals/portal-view';
import { WebhookTrial } from './portals/webhook-trial';
import { RequestLine } from './request-line';
import { declarations } from './resources/declarations';
import { resourceController } from './resources/resource-controller';
import { sealedPlaces } from './sealed-places';
import type { Settings } from './settings';
import { StoreCheck } from './store-check';
import { EventInbox } from './subscriptions/event-inbox';
import { EventTargets } from './subscriptions/event-targets';
import { portalPages } from './subscriptions/portal-pages';
import { SubscriptionsController } from './subscriptions/subscriptions.controller';
import type { Traces } from './tracing/traces';
import {
  bucketToken,
  clockToken,
  grantStoreToken,
  installerToken,
  jobRecordsToken,
  jobsToken,
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
  /** A connection whose questions may wait, for jobs. */
  readonly jobRedis: StoreConnection;
  readonly log: FastifyBaseLogger;
  /** Absent where nobody collects traces. */
  readonly traces?: Traces | undefined;
  /** Told when the store turns out to be none to work with. */
  readonly refused: (error: StoreRefused) => void;
}

const wireLimits = { connectTimeoutMs: 10_000, maxAnswerBytes: 16 * 1024 * 1024, connections: 64 };
/** A replica that is silent for longer than the lease is taken for dead; answers are told again for a day. */
const writeTimes = { leaseMs: 10_000, keepMs: 24 * 3_600_000 };
const resources = Object.entries(declarations).map(([tag, methods]) => resourceController(tag, methods));
/** Results are kept for a day, of a job together 32 MiB. */
const jobLimits = { keepMs: 24 * 3_600_000, mostBytes: 32 * 1024 * 1024 };
const postToken = Symbol('post');
const sealToken = Symbol('seal');
const targetWireToken = Symbol('target wire');

/** Rooms are built here and nowhere else; request-line.ts composes the line of them. */
@Module({})
export class GatewayModule {
  static on({ settings, clock, redis, laneRedis, jobRedis, log, traces, refused }: Ground): DynamicModule {
    const destinations = new Destinations(settings.rules, settings.oauthServers);
    const mayConnect = (address: string, literal?: string) => destinations.mayConnect(address, literal);
    const { adapter } = undiciAdapter({ ...wireLimits, mayConnect });
    const authorizeUrl = ({ domain, app = defaultApp }: Pick<PortalRecord, 'domain' | 'app'>) =>
      `${addressesOf(settings.publicUrl, app).install}?portal=${encodeURIComponent(domain)}`;
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
        AppsController,
        ...resources,
        CallsController,
        BatchesController,
        ListsController,
        PortalsController,
        FanOutController,
        JobsController,
        ClientsController,
        AuditController,
        SubscriptionsController,
        InstallsController,
        EventsController,
        HealthController,
        McpController,
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
        made(
          grantStoreToken,
          [sealToken, Metrics],
          (seal: Seal, metrics: Metrics) =>
            new RedisGrantStore(redis, seal, (portal, trouble) => {
              metrics.troubled(portal, trouble);
            }),
        ),
        made(PortalDirectory, [grantStoreToken], (store: GrantStore) => new PortalDirectory(store)),
        made(Apps, [sealToken], (seal: Seal) => new Apps({ redis, seal, clock, ofSettings: settings.app })),
        made(
          OAuthServer,
          [postToken, Apps],
          (post: Post, apps: Apps) => new OAuthServer({ servers: settings.oauthServers, apps, post, clock }),
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
            const parts = { clock, post, bucket, platform, store, grants, relocation, observer, traces };
            const line = new RequestLine({ ...parts, ...limits });
            metrics.watch(line.lanes, log);
            return line;
          },
        ),
        made(AnyCalls, [RequestLine], (line: RequestLine) => new AnyCalls(line)),
        made(Batches, [RequestLine, AnyCalls], (line: RequestLine, calls: AnyCalls) => new Batches(line, calls)),
        made(
          FanOut,
          [grantStoreToken, RequestLine, AuditLog],
          (store: GrantStore, line: RequestLine, audit: AuditLog) => new FanOut(store, line, clock, audit),
        ),
        ...jobProviders({ settings, clock, redis, jobRedis, log }),
        made(Once, [sealToken], (seal: Seal) => {
          const { callLimitMs } = settings;
          const records = new RedisWriteRecords(redis, seal, { ...writeTimes, callLimitMs });
          return new Once({ records, clock, callLimitMs, renewEveryMs: writeTimes.leaseMs / 4 });
        }),
        made(
          installerToken,
          [grantStoreToken, OAuthServer, RequestLine, Bindings],
          (store: GrantStore, oauth: OAuthServer, line: RequestLine, bindings: Bindings) => {
            const installed = async (record: PortalRecord) => {
              await line.installed(record);
              // Should the store be away just now, it is seen to within a day.
              await bindings.renewed(record.portal).catch((err: unknown) => {
                log.warn({ portal: record.portal, err }, 'events of a new portal are not bound yet');
              });
            };
            return new Installer({ store, oauth, clock, rules: settings.rules, installed });
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
            return new Bitrix24Strategy(states, installer);
          },
        ),
        made(
          InstallInbox,
          [installerToken, sealToken, AuditLog],
          (installer: Installer, seal: Seal, audit: AuditLog) => {
            const told = { actor: 'portal event', action: 'installPortal', status: 200, outcome: 'done' } as const;
            const installed = ({ portal, app = defaultApp }: PortalRecord, requestId: string) => {
              audit.note({ ...told, portal, requestId, ids: { app }, atMs: clock.now() });
            };
            return new InstallInbox({ installer, claims: new KeptClaims(redis, seal), clock, log, installed });
          },
        ),
        ...eventProviders({ settings, clock, redis, log }),
        made(
          Drain,
          [
            RequestLine,
            FreshGrants,
            InstallInbox,
            KeepAlive,
            Once,
            AuditLog,
            EventInbox,
            Courier,
            Binder,
            jobsToken,
            Live,
          ],
          (
            line: RequestLine,
            grants: FreshGrants,
            inbox: InstallInbox,
            keepAlive: KeepAlive,
            once: Once,
            audit: AuditLog,
            events: EventInbox,
            courier: Courier,
            binder: Binder,
            jobs: Jobs<Client>,
            live: Live,
          ) => new Drain({ line, grants, inbox, keepAlive, once, audit, events, courier, binder, jobs, live }),
        ),
      ],
    };
  }
}

/** What sends events on: who wants them, what waits, who carries it, and who asks portals for it. */
function eventProviders({
  settings,
  clock,
  redis,
  log,
}: Omit<Ground, 'laneRedis' | 'jobRedis' | 'refused'>): FactoryProvider[] {
  const { targets: hosts, timeoutMs, queueLimit } = settings.events;
  const targets = new EventTargets(hosts);
  return [
    made(EventTargets, [], () => targets),
    made(Subscriptions, [sealToken], (seal: Seal) => new Subscriptions(redis, seal, clock)),
    made(EventQueue, [sealToken], (seal: Seal) => new EventQueue(redis, seal, clock, queueLimit)),
    made(Bindings, [], () => new Bindings(redis, clock)),
    made(targetWireToken, [], () => {
      const mayConnect = (address: string, literal?: string) => targets.mayConnect(address, literal);
      return targetWire({ clock, timeoutMs, mayAsk: (url) => targets.mayAsk(url), mayConnect });
    }),
    made(
      Courier,
      [Subscriptions, EventQueue, targetWireToken, Metrics],
      (subscriptions: Subscriptions, queue: EventQueue, { send }: TargetWire, observer: Metrics) => {
        return new Courier({ subscriptions, queue, send, clock, observer, timeoutMs });
      },
    ),
    made(
      Binder,
      [Subscriptions, Bindings, RequestLine, grantStoreToken],
      (subscriptions: Subscriptions, bindings: Bindings, line: RequestLine, store: GrantStore) => {
        return new Binder({
          subscriptions,
          bindings,
          clock,
          log,
          ask: (portal, command, signal) => line.askForEvents(portal, command, signal),
          handlerOf: async (portal) => {
            const grant = await store.load(portal);
            return grant?.kind === 'app' ? addressesOf(settings.publicUrl, grant.app ?? defaultApp).events : undefined;
          },
          portals: () => portalPages(store),
        });
      },
    ),
    made(
      EventInbox,
      [installerToken, grantStoreToken, Subscriptions, EventQueue, Courier, Bindings, Metrics],
      (
        installer: Installer,
        store: GrantStore,
        subscriptions: Subscriptions,
        queue: EventQueue,
        courier: Courier,
        bindings: Bindings,
        metrics: Metrics,
      ) => {
        const kept = () => {
          courier.poke();
        };
        const lost = (subscription: string) => {
          metrics.lost(subscription);
        };
        const updated = (portal: PortalId) => bindings.renewed(portal);
        return new EventInbox({ installer, store, subscriptions, queue, clock, log, kept, lost, updated });
      },
    ),
  ];
}

/** Long work: what keeps it, whose turn it is, who runs it, and who is told. */
function jobProviders({
  settings,
  clock,
  redis,
  jobRedis,
  log,
}: Omit<Ground, 'laneRedis' | 'refused'>): FactoryProvider[] {
  const { atOnce: jobsAtOnce, perClient: mostOpen } = settings.jobs;
  return [
    made(jobRecordsToken, [sealToken], (seal: Seal) => new JobRecords(redis, seal, { ...jobLimits, mostOpen })),
    made(JobQueue, [], () => new JobQueue({ redis, waiting: jobRedis, jobsAtOnce, clock })),
    made(
      jobsToken,
      [jobRecordsToken, JobQueue, FanOut, ClientKeys, StoreCheck, targetWireToken, Metrics],
      (
        records: JobRecords,
        queue: JobQueue,
        fanOut: FanOut,
        keys: ClientKeys,
        check: StoreCheck,
        wire: TargetWire,
        metrics: Metrics,
      ) => {
        metrics.watchJobs(queue);
        return new Jobs<Client>({
          ...{ records, queue, clock, log, itemsAtOnce: settings.fanOutConcurrency },
          kinds: { 'fan-out': (payload) => fanOutWork(fanOut, payload as KeptFanOut) },
          rights: (id) => keys.byId(id),
          send: jobMessage(wire, clock),
          ready: () => check.passed,
          finished: (job) => {
            metrics.jobFinished(job.kind, job.state);
          },
        });
      },
    ),
    made(
      LongWork,
      [jobsToken, EventTargets],
      (jobs: Jobs<Client>, targets: EventTargets) => new LongWork(jobs, targets),
    ),
  ];
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
