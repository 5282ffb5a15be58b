import { AuditLog, type Client, ClientKeys } from '@b24/access';
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
import { JobQueue, JobRecords, Jobs } from '@b24/jobs';
import { BottleneckBucket, type Bucket, type Platform, RedisPlatform } from '@b24/lanes';
import { type Clock, type PortalId, type Post, Secret } from '@b24/portal';
import type { StoreConnection, StoreRefused } from '@b24/store';
import { axiosPost, onlyTo, targetWire, undiciAdapter, upstream } from '@b24/upstream';
import { Once, RedisWriteRecords } from '@b24/writes';
import { HttpModule, HttpService } from '@nestjs/axios';
import { type DynamicModule, type FactoryProvider, type InjectionToken, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import type { FastifyBaseLogger } from 'fastify';
import { AuditController } from './audit/audit.controller';
import { BacklogsController } from './backlogs/backlogs.controller';
import { ClientsController } from './clients/clients.controller';
import { Destinations } from './destinations';
import { FanOut } from './fan-out/fan-out';
import { FanOutController } from './fan-out/fan-out.controller';
import { fanOutWork, type KeptFanOut } from './fan-out/fan-out-work';
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
import { migrations } from './migrations';
import { PortalDirectory } from './portals/portal-directory';
import { PortalsController } from './portals/portals.controller';
import { planOf } from './portals/plan-of';
import { WebhookTrial } from './portals/webhook-trial';
import { RequestLine } from './request-line';
import { sealedPlaces } from './sealed-places';
import type { Settings } from './settings';
import { StoreCheck } from './store-check';
import { EventTargets } from './subscriptions/event-targets';
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
  /** Told when the store turns out to be none to work with. */
  readonly refused: (error: StoreRefused) => void;
}

const wireLimits = { connectTimeoutMs: 10_000, maxAnswerBytes: 16 * 1024 * 1024, connections: 64 };
/** A replica that is silent for longer than the lease is taken for dead; answers are told again for a day. */
const writeTimes = { leaseMs: 10_000, keepMs: 24 * 3_600_000 };
/** Results are kept for a day, of a job together 32 MiB. */
const jobLimits = { keepMs: 24 * 3_600_000, mostBytes: 32 * 1024 * 1024 };
const postToken = Symbol('post');
const sealToken = Symbol('seal');

/** Rooms are built here and nowhere else; request-line.ts composes the line of them. */
@Module({})
export class GatewayModule {
  static on({ settings, clock, redis, laneRedis, jobRedis, log, refused }: Ground): DynamicModule {
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
        FanOutController,
        JobsController,
        ClientsController,
        AuditController,
        InstallsController,
        EventsController,
        HealthController,
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
          [postToken, bucketToken, platformToken, grantStoreToken, FreshGrants, Relocation, Metrics],
          (
            post: Post,
            bucket: Bucket,
            platform: Platform,
            store: GrantStore,
            grants: FreshGrants,
            relocation: Relocation,
            observer: Metrics,
          ) => {
            const { queueLimit, callTimeoutMs, callLimitMs, plan } = settings;
            const limits = {
              queueLimit,
              callTimeoutMs,
              callLimitMs,
              planOf: (record: PortalRecord) => planOf(record, plan),
            };
            const parts = { clock, post, bucket, platform, store, grants, relocation, observer };
            const line = new RequestLine({ ...parts, ...limits });
            observer.watch(line.lanes, log);
            return line;
          },
        ),
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
          [RequestLine, FreshGrants, InstallInbox, KeepAlive, Once, AuditLog, jobsToken],
          (
            line: RequestLine,
            grants: FreshGrants,
            inbox: InstallInbox,
            keepAlive: KeepAlive,
            once: Once,
            audit: AuditLog,
            jobs: Jobs<Client>,
          ) => new Drain({ line, grants, inbox, keepAlive, once, audit, jobs }),
        ),
      ],
    };
  }
}

/** Long work: what keeps it, whose turn it is, who runs it, and who is told. */
function jobProviders({
  settings,
  clock,
  redis,
  jobRedis,
  log,
}: Omit<Ground, 'laneRedis' | 'refused'>): FactoryProvider[] {
  const targets = new EventTargets(settings.events.targets);
  const mayConnect = (address: string, literal?: string) => targets.mayConnect(address, literal);
  const { timeoutMs } = settings.events;
  const wire = targetWire({ clock, timeoutMs, mayAsk: (url) => targets.mayAsk(url), mayConnect });
  const { atOnce: jobsAtOnce, perClient: mostOpen } = settings.jobs;
  return [
    made(jobRecordsToken, [sealToken], (seal: Seal) => new JobRecords(redis, seal, { ...jobLimits, mostOpen })),
    made(JobQueue, [], () => new JobQueue({ redis, waiting: jobRedis, jobsAtOnce, clock })),
    made(
      jobsToken,
      [jobRecordsToken, JobQueue, FanOut, ClientKeys, StoreCheck, Metrics],
      (records: JobRecords, queue: JobQueue, fanOut: FanOut, keys: ClientKeys, check: StoreCheck, metrics: Metrics) => {
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
    made(LongWork, [jobsToken], (jobs: Jobs<Client>) => new LongWork(jobs, targets)),
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
