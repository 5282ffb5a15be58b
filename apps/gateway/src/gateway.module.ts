import { type AuditEntry, AuditLog, type Client, ClientKeys, RedisRateMeter, RedisStorageBudget } from '@b24/access';
import { Binder, Bindings, Courier } from '@b24/events';
import {
  Apps,
  defaultApp,
  FreshGrants,
  type GrantStore,
  Installer,
  KeepAlive,
  KeptClaims,
  type NotReplaced,
  OAuthServer,
  type PortalRecord,
  RedisGrantStore,
  Relocation,
  Seal,
} from '@b24/grants';
import { Jobs } from '@b24/jobs';
import { BottleneckBucket, type Bucket, maxUnderWay, type Platform, RedisPlatform } from '@b24/queue';
import { type PortalId, type Post, Secret } from '@b24/portal';
import { axiosPost, type MayConnect, onlyTo, undiciAdapter, upstream } from '@b24/upstream';
import { IdempotencyRunner, RedisIdempotencyRecords } from '@b24/idempotency';
import { HttpModule, HttpService } from '@nestjs/axios';
import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { appAddresses } from './api/apps/app-addresses';
import { AppsController } from './api/apps/apps.controller';
import { AuditController } from './api/audit/audit.controller';
import { AnyCalls } from './api/calls/any-calls';
import { Batches } from './api/calls/batches';
import { BatchesController } from './api/calls/batches.controller';
import { CallsController } from './api/calls/calls.controller';
import { ListsController } from './api/calls/lists.controller';
import { ClientsController } from './api/clients/clients.controller';
import { ConsoleDoor } from './doors/console/console-door';
import { ConsoleSessions } from './doors/console/console-sessions';
import { ConsoleController } from './doors/console/console.controller';
import { heardBy } from './doors/console/heard-by';
import { Live } from './doors/console/live';
import { LiveChannel } from './doors/console/live-channel';
import { LiveFigures } from './doors/console/live-figures';
import { Destinations } from './destinations';
import { FanOut } from './api/calls/fan-out';
import { FanOutController } from './api/calls/fan-out.controller';
import type { Ground } from './ground';
import { Drain } from './operations/drain';
import { HealthController } from './operations/health.controller';
import { Metrics } from './operations/metrics';
import { RedisWatch } from './operations/redis-watch';
import { KeyGuard } from './http/key.guard';
import { ProblemFilter } from './http/problem.filter';
import { SharedSources } from './http/shared-sources';
import { Throttle } from './http/throttle';
import { AuthorizationStates } from './doors/pages/authorization-states';
import { Bitrix24Strategy } from './doors/pages/bitrix24-strategy';
import { Arrivals } from './doors/events/arrivals';
import { BrowserCookie } from './doors/pages/browser-cookie';
import { EventsController } from './doors/events/events.controller';
import { GrantorQuestion } from './doors/events/grantor-question';
import { InstallInbox } from './doors/events/install-inbox';
import { policyOfApp } from './doors/pages/install-policy';
import { InstallsController } from './doors/pages/installs.controller';
import { jobProviders } from './api/jobs/job-providers';
import { JobsController } from './api/jobs/jobs.controller';
import { made } from './made';
import { McpController } from './doors/mcp/mcp.controller';
import { migrations } from './migrations';
import { planOf } from './api/portals/plan-of';
import { PortalDirectory } from './api/portals/portal-directory';
import { viewOf } from './api/portals/portal-view';
import { PortalsController } from './api/portals/portals.controller';
import { SingleRequest } from './api/portals/single-request';
import { WebhookProbe } from './api/portals/webhook-probe';
import { RequestLine } from './request-line';
import { resources } from './resources/declarations';
import { resourceController } from './resources/resource-controller';
import { sealedPlaces } from './sealed-places';
import { StoreCheck } from './store-check';
import { EventInbox } from './doors/events/event-inbox';
import { eventProviders } from './api/subscriptions/event-providers';
import { SubscriptionsController } from './api/subscriptions/subscriptions.controller';
import {
  bucketToken,
  clockToken,
  grantStoreToken,
  installerToken,
  jobsToken,
  platformToken,
  redisToken,
  sealToken,
  settingsToken,
} from './tokens';

/** What a portal is asked beside its calls, a probe or a webhook's trial, does not wait for them to end. */
const ownConnections = 2;
const wireLimits = {
  connectTimeoutMs: 10_000,
  maxAnswerBytes: 16 * 1024 * 1024,
  connections: maxUnderWay + ownConnections,
};
/** A replica that is silent for longer than the lease is taken for dead; answers are told again for a day. */
const writeTimes = { leaseMs: 10_000, keepMs: 24 * 3_600_000 };
/** How long what a client keeps counts: an hour longer than a record is kept after it was charged. */
const lifeMs = 25 * 3_600_000;
const resourceControllers = resources.map(resourceController);
const postToken = Symbol('post');

/** Rooms are built here and nowhere else; request-line.ts composes the line of them. */
@Module({})
export class GatewayModule {
  static on({ settings, clock, redis, laneRedis, jobRedis, log, traces, refused }: Ground): DynamicModule {
    const destinations = new Destinations(settings.rules, settings.oauthServers);
    const mayConnect: MayConnect = (address, target) => destinations.mayConnect(address, target);
    const { adapter } = undiciAdapter({ ...wireLimits, mayConnect });
    const authorizeUrl = ({ domain, app = defaultApp }: Pick<PortalRecord, 'domain' | 'app'>) =>
      `${appAddresses(settings.publicUrl, app).install}?portal=${encodeURIComponent(domain)}`;
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
        ...resourceControllers,
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
        made(AuditLog, [], () => new AuditLog({ redis, clock, log, maxEntries: settings.auditKeep })),
        made(Throttle, [], () => {
          if (settings.trustedProxies.length === 0) return new Throttle(clock);
          const shared = new SharedSources((address) => {
            log.warn(
              { address },
              'many portals or keys come from one private address: is a proxy not in TRUSTED_PROXIES?',
            );
          });
          return new Throttle(clock, (address, name) => {
            shared.proven(address, name);
          });
        }),
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
            return new Live({ figures, channel: new LiveChannel(redis, log), lanes, clock, look });
          },
        ),
        made(postToken, [HttpService], (http: HttpService) =>
          onlyTo((url) => destinations.mayAsk(url), axiosPost(http, clock)),
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
        made(RedisRateMeter, [ClientKeys], (keys: ClientKeys) => new RedisRateMeter(redis, keys, clock)),
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
          [
            postToken,
            bucketToken,
            platformToken,
            grantStoreToken,
            FreshGrants,
            Relocation,
            Metrics,
            LiveFigures,
            RedisRateMeter,
          ],
          (
            post: Post,
            bucket: Bucket,
            platform: Platform,
            store: GrantStore,
            grants: FreshGrants,
            relocation: Relocation,
            metrics: Metrics,
            live: LiveFigures,
            meter: RedisRateMeter,
          ) => {
            const { queueLimit, callTimeoutMs, callLimitMs, plan } = settings;
            const limits = {
              queueLimit,
              callTimeoutMs,
              callLimitMs,
              planOf: (record: PortalRecord) => planOf(record, plan),
            };
            const observer = heardBy(metrics, live, (portal) => line.lanes.knows(portal));
            const parts = { clock, post, bucket, platform, store, grants, relocation, observer, traces, meter };
            const line: RequestLine = new RequestLine({ ...parts, ...limits });
            metrics.watch(line.lanes, log);
            return line;
          },
        ),
        made(AnyCalls, [RequestLine], (line: RequestLine) => new AnyCalls(line)),
        made(Batches, [RequestLine, AnyCalls], (line: RequestLine, calls: AnyCalls) => new Batches(line, calls)),
        made(
          FanOut,
          [grantStoreToken, RequestLine, AuditLog, RedisRateMeter, ClientKeys],
          (store: GrantStore, line: RequestLine, audit: AuditLog, meter: RedisRateMeter, keys: ClientKeys) =>
            new FanOut(store, line, clock, audit, meter, keys),
        ),
        ...jobProviders({ settings, clock, redis, jobRedis, log }),
        made(
          RedisStorageBudget,
          [],
          () => new RedisStorageBudget(redis, { bytes: settings.clientBudgetBytes, lifeMs }),
        ),
        made(IdempotencyRunner, [sealToken, RedisStorageBudget], (seal: Seal, storage: RedisStorageBudget) => {
          const { callLimitMs } = settings;
          const records = new RedisIdempotencyRecords(redis, seal, { ...writeTimes, callLimitMs });
          return new IdempotencyRunner({ records, storage, clock, callLimitMs, renewEveryMs: writeTimes.leaseMs / 4 });
        }),
        made(
          installerToken,
          [grantStoreToken, OAuthServer, Apps, Arrivals, SingleRequest],
          (store: GrantStore, oauth: OAuthServer, apps: Apps, arrivals: Arrivals, request: SingleRequest) => {
            const question = new GrantorQuestion(request, clock);
            return new Installer({
              ...{ store, oauth, clock, rules: settings.rules },
              policyOf: async (app) => settings.installs ?? policyOfApp((await apps.get(app)).clientId),
              grantorOf: (portal, endpoint, accessToken) => question.ask(portal, endpoint, accessToken),
              installed: (record, isNew) => arrivals.installed(record, isNew),
            });
          },
        ),
        made(
          Arrivals,
          [RequestLine, Bindings, Metrics],
          (line: RequestLine, bindings: Bindings, metrics: Metrics) => new Arrivals({ line, bindings, metrics, log }),
        ),
        made(
          SingleRequest,
          [bucketToken, postToken, grantStoreToken],
          (bucket: Bucket, post: Post, store: GrantStore) => {
            // Of a grant that can't be read any more nothing is known either.
            const known = (portal: PortalId) => store.load(portal).catch(() => undefined);
            const plan = async (portal: PortalId) => planOf((await known(portal)) ?? {}, settings.plan);
            return new SingleRequest(bucket, upstream({ post, clock }), plan);
          },
        ),
        made(
          WebhookProbe,
          [SingleRequest, bucketToken, grantStoreToken],
          (request: SingleRequest, bucket: Bucket, store: GrantStore) => new WebhookProbe({ request, bucket, store }),
        ),
        made(
          AuthorizationStates,
          [sealToken],
          (seal: Seal) => new AuthorizationStates(redis, seal.derive('authorization state')),
        ),
        made(
          BrowserCookie,
          [sealToken],
          (seal: Seal) => new BrowserCookie(seal.derive('install cookie'), settings.publicUrl),
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
            const told = { actor: 'portal event', action: 'installPortal' } as const;
            type From = Pick<AuditEntry, 'requestId' | 'source'>;
            const installed = ({ portal, app = defaultApp }: PortalRecord, from: From) => {
              audit.record({ ...told, portal, ...from, ids: { app }, atMs: clock.now(), status: 200, outcome: 'done' });
            };
            const notReplaced = ({ portal, code, status }: NotReplaced, app: string, from: From) => {
              audit.record({ ...told, portal, ...from, ids: { app }, atMs: clock.now(), status, outcome: code });
            };
            const claims = new KeptClaims(redis, seal);
            return new InstallInbox({ installer, claims, clock, log, installed, notReplaced });
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
            IdempotencyRunner,
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
            once: IdempotencyRunner,
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

/** What waiting calls hold goes through Redis as sealed as a token. */
function textSeal(seals: Seal) {
  const seal = seals.for('remote calls');
  return {
    close: (text: string, place: string) => seal.close(new Secret(text), place),
    open: (sealed: string, place: string) => seal.open(sealed, place).reveal(),
  };
}
