import { Assistants, AuditLog, type Client, ClientKeys, RedisRateMeter, RedisStorageBudget } from '@b24/access';
import { BindingReconciler, Bindings, DeliveryWorker, EventQueue, Subscriptions } from '@b24/events';
import {
  Apps,
  defaultApp,
  FreshGrants,
  Installer,
  KeepAlive,
  InstallClaims,
  OAuthServer,
  type PortalRecord,
  RedisGrantStore,
  RelocationLookup,
} from '@b24/grants';
import { IdempotencyRunner, RedisIdempotencyRecords } from '@b24/idempotency';
import { JobQueue, JobRecords, Jobs, JobSlots } from '@b24/jobs';
import type { Clock, Post } from '@b24/portal';
import { LeasedRateLimiter, maxInFlight, RedisPeerExchange, SoloExchange } from '@b24/queue';
import { connectStore, Invalidations, type StoreConnection, type StoreRefused } from '@b24/redis';
import { Keyring, Resealer } from '@b24/seal';
import {
  axiosPost,
  Egress,
  fileWire,
  guardedPost,
  portalPost,
  targetWire,
  undiciAdapter,
  upstream,
} from '@b24/upstream';
import { HttpService } from '@nestjs/axios';
import type { FastifyBaseLogger } from 'fastify';
import { appAddresses } from './api/apps/app-addresses';
import { AnyCalls } from './api/calls/any-calls';
import { batchWork, type BatchJobPayload, type RecordBatchAudit } from './api/calls/batch-work';
import { Batches } from './api/calls/batches';
import { FanOut } from './api/calls/fan-out';
import { fanOutWork, type FanOutJobPayload } from './api/calls/fan-out-work';
import { jobMessage } from './api/jobs/job-message';
import { JobRetry } from './api/jobs/job-retry';
import { JobIntake } from './api/respond-async/job-intake';
import { planOf } from './api/portals/plan-of';
import { callRecorders } from './line/call-recorders';
import { acquirePermit } from './line/own-request-permit';
import { PortalDirectory } from './line/portal-directory';
import { viewOf } from './api/portals/portal-view';
import { SingleRequest } from './api/portals/single-request';
import { WebhookProbe } from './api/portals/webhook-probe';
import { EventTargets } from './api/subscriptions/event-targets';
import { portalIdPages } from './api/portals/portal-pages';
import { Destinations } from './destinations';
import { issuerOf } from './doors/assistants/assistant-paths';
import { Consents } from './doors/assistants/consents';
import { ConsentTickets } from './doors/assistants/consent-tickets';
import { Registrations } from './doors/assistants/registrations';
import { ConsoleAuth } from './doors/console/console-auth';
import { ConsoleSessions } from './doors/console/console-sessions';
import { People } from './doors/console/people';
import { PersonSignIn } from './doors/console/person-sign-in';
import { providerOf } from './doors/console/provider-of';
import { combineObservers } from './doors/console/combine-observers';
import { Live } from './doors/console/live';
import { LiveChannel } from './doors/console/live-channel';
import { LiveFigures } from './doors/console/live-figures';
import { Sandbox } from './doors/console/sandbox';
import { PortalOnboarding } from './api/portals/portal-onboarding';
import { SealedLinks } from './doors/files/sealed-links';
import { FileTransfers } from './doors/files/files';
import { EventInbox } from './doors/events/event-inbox';
import { GrantorQuestion } from './doors/events/grantor-question';
import { InstallInbox } from './doors/events/install-inbox';
import { AuthorizationStates } from './doors/pages/authorization-states';
import { Bitrix24Strategy } from './doors/pages/bitrix24-strategy';
import { BrowserCookie } from './doors/pages/browser-cookie';
import { policyOfApp } from './doors/pages/install-policy';
import { throttleOf } from './http/throttle-of';
import { migrations } from './migrations';
import type { Collector } from './operations/collector';
import { Lifecycle, type Service } from './operations/lifecycle';
import { Metrics } from './operations/metrics';
import { DurabilityMonitor } from './operations/durability-monitor';
import { RequestLine } from './request-line';
import { sealedStores } from './sealed-stores';
import type { Settings, TracingSettings } from './settings';
import { StorePreflight } from './operations/store-preflight';

/** The inputs of a gateway. */
export interface Dependencies {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly log: FastifyBaseLogger;
  /** Called when Redis turns out to hold data that this build or these settings can't work with. */
  readonly refused: (error: StoreRefused) => void;
}

/** Every part of one gateway, built. */
export type Composition = ReturnType<typeof compose>;

/** Probes and webhook checks have connections of their own, so they do not wait for a portal's calls to end. */
const ownConnections = 2;
const wireLimits = {
  connectTimeoutMs: 10_000,
  maxAnswerBytes: 16 * 1024 * 1024,
  connections: maxInFlight + ownConnections,
  /** Far below what a system allows one process, so that callers and Redis can always connect. */
  connectionsInAll: 4096,
};
/** A replica that misses its lease is considered dead. Stored answers are replayed for 24 hours. */
const writeTimes = { leaseMs: 10_000, keepMs: 24 * 3_600_000 };
/** Stored bytes are charged to a client for an hour longer than the record exists. */
const budgetLifeMs = 25 * 3_600_000;
/** Job results are stored for 24 hours, at most 32 MiB per job. */
const jobLimits = { keepMs: 24 * 3_600_000, maxResultBytes: 32 * 1024 * 1024 };

/**
 * Builds every part of a gateway with `new`, each after the parts that it uses. Nothing runs before `lifecycle.start()`.
 * A new background worker is one line in `services`.
 */
export function compose({ settings, clock, log, refused }: Dependencies) {
  // Operations.
  const metrics = new Metrics();
  const collector = settings.tracing && collectorOf(settings.tracing, clock);

  // Redis, and what is sealed in it.
  const redis = connect(settings.redisUrl, log);
  const jobRedis = connect(settings.redisUrl, log, 'waiting');
  const invalidations = new Invalidations({
    ...{ redis, clock },
    onRefused: (code) => {
      log.warn(
        { code },
        'Redis allows no CLIENT TRACKING; every call reads its key and grant from Redis (docs/redis.md)',
      );
    },
  });
  const keyring = new Keyring(settings.encryptionKeys);
  const preflight = new StorePreflight({
    ...{ store: redis, clock, log, keys: settings.encryptionKeys, migrations, refused },
    resealer: new Resealer(redis, keyring),
    sealedStores: sealedStores(redis),
  });
  const durability = new DurabilityMonitor(redis, clock, log);
  metrics.watchStore(durability);

  // Access.
  const keys = new ClientKeys(redis, settings.adminKey, clock, invalidations);
  const meter = new RedisRateMeter(redis, keys, clock);
  const storage = new RedisStorageBudget(redis, { bytes: settings.clientBudgetBytes, lifeMs: budgetLifeMs });
  const audit = new AuditLog({ redis, clock, log, maxEntries: settings.auditKeep });
  const throttle = throttleOf(settings, clock, log);
  const assistants = new Assistants({
    ...{ redis, keys, clock },
    misused: ({ id: assistant }, client) => {
      log.warn({ assistant, client }, 'a code or token of an assistant was used twice or by another app; it was ended');
    },
  });

  // The call log and the history.
  const { callLog, recorders, readers } = callRecorders({ redis, settings, clock, log });
  if (callLog) metrics.watchCallLog(callLog);

  // The wire to portals and authorization servers.
  const destinations = new Destinations(settings.rules, settings.oauthServers);
  const egress = new Egress(settings.egress);
  const wire = undiciAdapter({
    ...{ ...wireLimits, egress },
    mayConnect: (address, target) => destinations.mayConnect(address, target),
  });
  const filesWire = fileWire({
    ...{ connectTimeoutMs: wireLimits.connectTimeoutMs, egress },
    mayConnect: (address, target) => destinations.mayConnect(address, target),
    isAllowed: (url) => destinations.mayAsk(url),
  });
  const fileLinks = new SealedLinks(keyring.for('file links'), clock, settings.publicUrl);
  const isAllowed = (url: URL) => destinations.mayAsk(url);
  const post: Post = guardedPost(isAllowed, axiosPost(httpOver(wire), clock));
  const callPost: Post = portalPost({
    ...{ dispatcher: wire.dispatcher, clock, isAllowed, maxAnswerBytes: wireLimits.maxAnswerBytes },
  });

  // Grants.
  const store = new RedisGrantStore(redis, keyring, {
    ...{ source: invalidations, clock },
    issueRecorded: (portal, issue) => {
      metrics.troubled(portal, issue);
    },
  });
  const directory = new PortalDirectory(store);
  const apps = new Apps({ redis, seal: keyring, clock, fromSettings: settings.app });
  const oauth = new OAuthServer({ servers: settings.oauthServers, apps, post, clock });
  const authorizeUrl = ({ domain, app = defaultApp }: Pick<PortalRecord, 'domain' | 'app'>) =>
    `${appAddresses(settings.publicUrl, app).install}?portal=${encodeURIComponent(domain)}`;
  const grants = new FreshGrants({ store, oauth, clock, rules: settings.rules, authorizeUrl, observer: metrics });
  const relocation = new RelocationLookup({ store, oauth, grants, clock, rules: settings.rules });
  const keepAlive = new KeepAlive({
    ...{ store, grants, clock, maxIdleMs: settings.keepAliveDays * 86_400_000 },
    onChecked: (portal, outcome) => log.info({ portal, outcome }, 'idle grant was due'),
  });

  // The line.
  const rateLimiter = new LeasedRateLimiter({ redis, clock });
  const peerExchange = settings.crossReplicaBatching
    ? new RedisPeerExchange({ redis, sealer: keyring.for('remote calls'), clock })
    : new SoloExchange();
  const figures = new LiveFigures(clock);
  const line: RequestLine = new RequestLine({
    clock,
    post: callPost,
    rateLimiter,
    peerExchange,
    store,
    grants,
    keys,
    relocation,
    meter,
    callRecorders: recorders,
    traces: collector?.traces,
    observer: combineObservers(metrics, figures, (portal) => line.queues.knows(portal)),
    planOf: (record) => planOf(record, settings.plan),
    queueLimit: settings.queueLimit,
    tokenIn: settings.tokenIn,
    linkFor: (vendorLink) => fileLinks.linkFor(vendorLink),
    callTimeoutMs: settings.callTimeoutMs,
    maxCallMs: settings.callLimitMs,
  });
  metrics.watch(line.queues, log);
  const calls = new AnyCalls(line);
  const batches = new Batches(line, calls);
  const fanOut = new FanOut(store, line, clock, audit, meter, keys);
  const single = new SingleRequest(rateLimiter, upstream({ post, clock }), async (portal) => {
    // Nothing is known of a grant that can't be read any more.
    const record = await store.load(portal).catch(() => undefined);
    return planOf(record ?? {}, settings.plan);
  });
  const fileTransfers = new FileTransfers({
    ...{ links: fileLinks, portals: directory, grants, send: filesWire.send, maxBytes: settings.uploadLimitBytes },
    acquirePermit: async (portal, signal) => {
      const record = await grants.usable(portal);
      return acquirePermit(rateLimiter, portal, planOf(record, settings.plan), signal);
    },
  });
  const webhookProbe = new WebhookProbe({ request: single, bucket: rateLimiter, store });

  // Writes.
  const { callLimitMs } = settings;
  const records = new RedisIdempotencyRecords(redis, keyring, { ...writeTimes, callLimitMs });
  const once = new IdempotencyRunner({ records, storage, clock, callLimitMs, renewEveryMs: writeTimes.leaseMs / 4 });

  // Events.
  const { targets: hosts, timeoutMs, queueLimit } = settings.events;
  const targets = new EventTargets(hosts);
  const targetsWire = targetWire({
    ...{ clock, timeoutMs, egress, mayAsk: (url) => targets.mayAsk(url) },
    mayConnect: (address, target) => targets.mayConnect(address, target),
  });
  const subscriptions = new Subscriptions(redis, keyring, clock);
  const eventQueue = new EventQueue(redis, keyring, clock, queueLimit);
  const bindings = new Bindings(redis, clock);
  const deliveryWorker = new DeliveryWorker({
    ...{ subscriptions, queue: eventQueue, send: targetsWire.send, clock, observer: metrics, timeoutMs },
  });
  const bindingReconciler = new BindingReconciler({
    ...{ subscriptions, bindings, clock, log },
    ask: (portal, command, signal) => line.askForEvents(portal, command, signal),
    handlerOf: async (portal) => {
      const grant = await store.load(portal);
      if (grant?.kind !== 'app' || grant.waitingSinceMs !== undefined) return undefined;
      return appAddresses(settings.publicUrl, grant.app ?? defaultApp).events;
    },
    portals: () => portalIdPages(store),
  });

  // Installs.
  const arrivals = new PortalOnboarding({ line, bindings, metrics, log });
  const grantor = new GrantorQuestion(single, clock);
  const installer = new Installer({
    ...{ store, oauth, clock, rules: settings.rules },
    policyOf: async (app) => settings.installs ?? policyOfApp((await apps.get(app)).clientId),
    grantorOf: (portal, endpoint, accessToken) => grantor.ask(portal, endpoint, accessToken),
    installed: (record, isNew) => arrivals.installed(record, isNew),
  });
  const states = new AuthorizationStates(redis, keyring.derive('authorization state'));
  const strategy = new Bitrix24Strategy(states, installer);
  const cookie = new BrowserCookie(keyring.derive('install cookie'), settings.publicUrl);
  const byEvent = { actor: 'portal event', action: 'installPortal' } as const;
  const installInbox = new InstallInbox({
    ...{ installer, claims: new InstallClaims(redis, keyring), clock, log },
    installed: ({ portal, app = defaultApp }, from) => {
      audit.record({ ...byEvent, portal, ...from, ids: { app }, atMs: clock.now(), status: 200, outcome: 'done' });
    },
    notReplaced: ({ portal, code: outcome, status }, app, from) => {
      audit.record({ ...byEvent, portal, ...from, ids: { app }, atMs: clock.now(), status, outcome });
    },
  });
  const eventInbox = new EventInbox({
    ...{ installer, store, subscriptions, queue: eventQueue, clock, log },
    stored: () => {
      deliveryWorker.wake();
    },
    lost: (subscription) => {
      metrics.lost(subscription);
    },
    updated: (portal) => bindings.renewed(portal),
  });

  // Jobs.
  const { atOnce: jobsAtOnce, perClient: maxOpen } = settings.jobs;
  const jobRecords = new JobRecords(redis, keyring, { ...jobLimits, maxOpen }, storage);
  const jobQueue = new JobQueue({ redis, waiting: jobRedis, jobsAtOnce, clock });
  metrics.watchJobs(jobQueue);
  const noteBatch: RecordBatchAudit = (entry) => {
    audit.record({ ...entry, atMs: clock.now() });
  };
  const jobs = new Jobs<Client>({
    ...{ records: jobRecords, queue: jobQueue, turns: new JobSlots(redis, clock), clock, log },
    itemsAtOnce: settings.fanOutConcurrency,
    kinds: {
      'fan-out': (payload) => fanOutWork(fanOut, payload as FanOutJobPayload),
      batch: (payload) => batchWork(batches, clock, noteBatch, payload as BatchJobPayload),
    },
    rights: (id) => keys.byId(id),
    debtMs: (client) => meter.debtMs(client),
    send: jobMessage(targetsWire, clock),
    ready: () => preflight.passed,
    finished: ({ kind, state }) => {
      metrics.jobFinished(kind, state);
    },
  });
  const longWork = new JobIntake(jobs, targets);
  const jobRetry = new JobRetry(jobs, jobRecords, keys, fanOut);

  // The console.
  const people = new People(settings.oidc);
  const provider = settings.oidc && providerOf(settings.oidc, { clock, egress, publicUrl: settings.publicUrl });
  const personSignIn = new PersonSignIn(
    settings.oidc &&
      provider && {
        ...{ name: settings.oidc.name, provider, people },
        states: new AuthorizationStates(redis, keyring.derive('console sign-in')),
        cookie: new BrowserCookie(keyring.derive('console sign-in cookie'), settings.publicUrl, 'b24_sign_in'),
      },
  );
  const sessions = new ConsoleSessions({ redis, keys, people, clock, idleMs: settings.console.idleMs });
  const consoleAuth = new ConsoleAuth(sessions, throttle, settings.publicUrl);
  const sandbox = new Sandbox(settings.sandboxUrl);
  const live = new Live({
    ...{ figures, channel: new LiveChannel(redis, log), queues: line.queues, clock },
    look: async (portal) => {
      const record = await store.loadCached(portal);
      if (!record) return undefined;
      const level = await line.queues.level(portal, planOf(record, settings.plan));
      return { portal: viewOf(record, { defaultPlan: settings.plan }), level };
    },
  });

  // Assistants.
  const registrations = new Registrations(keyring.for('client ids'));
  const tickets = new ConsentTickets(keyring.for('consents'), clock);
  const consents = new Consents({
    ...{ keys, assistants, tickets, cookie, console: consoleAuth, store, throttle, audit, clock },
    issuer: issuerOf(settings),
  });

  // Each after the services that it uses: they start in this order, and stop, settle and close in reverse.
  const services: readonly Service[] = [
    ...(collector ? [collector] : []),
    { close: () => disconnect(redis) },
    { close: () => jobRedis.disconnect() },
    invalidations,
    preflight,
    durability,
    keys,
    // Not awaited: a request without a waiting caller must not delay the end of the replica.
    { close: () => void wire.close() },
    { close: () => void Promise.all([targetsWire.close(), filesWire.close()]) },
    { close: () => void sandbox.close() },
    { close: () => void provider?.close() },
    audit,
    ...recorders,
    readers.callTail,
    grants,
    rateLimiter,
    peerExchange,
    line,
    once,
    deliveryWorker,
    bindingReconciler,
    installInbox,
    eventInbox,
    keepAlive,
    jobs,
    live,
  ];
  const lifecycle = new Lifecycle(services);
  /** The parts that controllers and the inbound pipeline use. Each is injected by its class. */
  const parts = {
    ...{ metrics, preflight, durability, lifecycle, keys, meter, audit, throttle, store, directory, apps, installer },
    ...{
      arrivals,
      strategy,
      cookie,
      installInbox,
      eventInbox,
      line,
      calls,
      batches,
      fanOut,
      fileTransfers,
      webhookProbe,
      once,
      subscriptions,
    },
    ...{ eventQueue, bindings, deliveryWorker, targets, jobs, jobRecords, jobRetry, longWork, consoleAuth, live },
    ...{ ...readers, sandbox, assistants, registrations, consents, personSignIn },
  };
  return { settings, clock, log, lifecycle, preflight, parts };
}

/** @param use `waiting` for a connection whose commands may block */
function connect(url: string, log: FastifyBaseLogger, use?: 'waiting'): StoreConnection {
  const lost = (code: string) => {
    log.error({ code }, 'Redis cannot be reached; calls that need it are refused');
  };
  const back = () => {
    log.info('Redis answers again');
  };
  return connectStore(url, { lost, back }, use);
}

/** Loads the collector's modules only where traces are collected: they take longer to load than all others. */
function collectorOf(tracing: TracingSettings, clock: Clock): Collector {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only when it is wanted
  const { Collector } = require('./operations/collector') as typeof import('./operations/collector');
  return new Collector(tracing, clock);
}

async function disconnect(redis: StoreConnection): Promise<void> {
  await redis.quit().catch(() => undefined);
  redis.disconnect();
}

/** A service whose answers are returned with any status. */
function httpOver({ adapter }: Pick<ReturnType<typeof undiciAdapter>, 'adapter'>): HttpService {
  const { axiosRef } = new HttpService();
  return new HttpService(
    axiosRef.create({
      adapter,
      maxRedirects: 0,
      responseType: 'text',
      transformResponse: (data: unknown) => data,
      validateStatus: () => true,
    }),
  );
}
