import helmet from '@fastify/helmet';
import type { IncomingMessage } from 'node:http';
import { type FastifyReply, type FastifyRequest, LogController, type RouteOptions } from 'fastify';
import { bucketToken, jobsToken, platformToken } from './tokens';
import { AuditLog, type Client, ClientKeys } from '@b24/access';
import { Binder, Courier } from '@b24/events';
import type { Jobs } from '@b24/jobs';
import { KeepAlive } from '@b24/grants';
import { type Bucket, type Platform } from '@b24/queue';
import { type Clock, Fault, systemClock } from '@b24/portal';
import { connectStore, type StoreConnection, type StoreRefused } from '@b24/redis';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger as PinoLogger } from 'pino';
import { ConsoleDoor } from './doors/console/console-door';
import { Live } from './doors/console/live';
import { serveConsole } from './doors/console/serve-console';
import { GatewayModule } from './gateway.module';
import { Drain } from './operations/drain';
import { Metrics } from './operations/metrics';
import { RedisWatch } from './operations/redis-watch';
import type { GatewayRequest } from './http/caller';
import { boundConnections } from './http/connections';
import { doorOf, withoutDoor } from './http/door';
import { askForBody, holdBackBodies } from './http/expected-body';
import { gatewayLog, NestLog } from './http/log';
import { openApiDocument } from './http/openapi';
import { closePipelinedAnswers, whenOver } from './http/pipelined';
import { PlaceNamingPipe } from './http/place-naming.pipe';
import { faultOf, sendProblem, sendProblemOn } from './http/problem.filter';
import { requestId } from './http/request-id';
import { serveReference } from './http/serve-reference';
import { sourceOf } from './http/source';
import { Throttle } from './http/throttle';
import { Traffic } from './http/traffic';
import { endTrail } from './http/trail';
import { WayIn } from './http/way-in';
import { InstallInbox } from './doors/events/install-inbox';
import { parsePhpForm } from './doors/events/php-form';
import { PortalDirectory } from './api/portals/portal-directory';
import { RequestLine } from './request-line';
import { webhooks } from './doors/sdk/webhooks';
import type { Settings } from './settings';
import { StoreCheck } from './store-check';
import type { Collector, TracingSettings } from './operations/collector';

const bodyLimit = 64 * 1024;
/** Of many commands in one. */
const largeBodyLimit = 2 * 1024 * 1024;
const largeBodies: readonly string[] = ['/v1/portals/:portal/batch'];
/** What a page of an allowed origin may read of an answer, besides its body. */
const exposedHeaders = ['X-Request-Id', 'Retry-After', 'Location', 'Server-Timing', 'RateLimit', 'RateLimit-Policy'];

export interface GatewayOptions {
  readonly clock?: Clock;
  readonly log?: PinoLogger;
  /** Told when a Redis that was away at the start turns out to be none to work with; the process should end. */
  readonly refused?: (error: StoreRefused) => void;
}

export interface Gateway {
  readonly app: NestFastifyApplication;
  readonly log: PinoLogger;
  /** Where it listens. @throws StoreRefused when Redis holds what this build or these settings can't work with */
  listen(): Promise<string>;
  /** Takes no new calls, finishes what is under way, saves what must be saved. */
  close(): Promise<void>;
}

/** A replica of the gateway, ready to listen. It waits for Redis, and says so, but does not fail without it. */
export async function createGateway(settings: Settings, options: GatewayOptions = {}): Promise<Gateway> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? gatewayLog(settings.logLevel);
  const redis = connect(settings.redisUrl, log);
  const laneRedis = connect(settings.redisUrl, log);
  const collector = settings.tracing && collectorOf(settings.tracing, clock);
  const jobRedis = connect(settings.redisUrl, log, 'waiting');
  const refused = (error: StoreRefused) => {
    log.fatal(error.message);
    options.refused?.(error);
  };
  const adapter = new FastifyAdapter({
    bodyLimit,
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ({ headers }: IncomingMessage) => requestId(headers['x-request-id']),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // A request that crawls in holds its connection no longer than that.
    requestTimeout: 30_000,
    // Node would refuse a request without a host by itself, in no words.
    http: { headersTimeout: 15_000, requireHostHeader: false },
    ...(settings.trustedProxies.length > 0 && { trustProxy: [...settings.trustedProxies] }),
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler: (_error, socket) => {
      sendProblemOn(socket);
    },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(faultOf(error), request, reply);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    GatewayModule.on({ settings, clock, redis, laneRedis, jobRedis, log, traces: collector?.traces, refused }),
    adapter,
    {
      bodyParser: false,
      logger: new NestLog(log),
      abortOnError: false,
    },
  );
  app.useGlobalPipes(new PlaceNamingPipe());
  const traffic = new Traffic();
  await prepareHttp(app, { clock, settings, log, traffic });
  if (settings.console.served) await serveConsole(app);
  await serveReference(app, openApiDocument(app));

  return {
    app,
    log,
    async listen() {
      await app.get(StoreCheck).begin();
      void app.get(RedisWatch).look();
      await app.listen(settings.port, settings.host);
      app.get(InstallInbox).start();
      app.get(KeepAlive).start();
      app.get(Courier).start();
      app.get(Binder).start();
      app.get<Jobs<Client>>(jobsToken).start();
      app.get(Live).start();
      return app.getUrl();
    },
    async close() {
      const drain = app.get(Drain);
      drain.begin();
      const closed = app.close();
      await traffic.ends();
      // What is left are connections without a request: kept alive, or cut off in the middle of one.
      app.getHttpServer().closeAllConnections();
      await closed;
      await drain.settle();
      await collector?.close();
      app.get(RedisWatch).end();
      await app.get(StoreCheck).end();
      app.get<Bucket>(bucketToken).close();
      app.get<Platform>(platformToken).close();
      laneRedis.disconnect();
      jobRedis.disconnect();
      await redis.quit().catch(() => undefined);
      redis.disconnect();
    },
  };
}

async function prepareHttp(
  app: NestFastifyApplication,
  given: { clock: Clock; settings: Settings; log: PinoLogger; traffic: Traffic },
): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: given.settings.publicUrl.startsWith('https:'),
  });
  if (given.settings.corsOrigins.length > 0) {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    app.enableCors({ origin: [...given.settings.corsOrigins], methods, exposedHeaders, maxAge: 600 });
  }
  // An expectation that nobody knows may be passed over (RFC 9110); Node would refuse it in no words.
  const server = app.getHttpServer();
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  closePipelinedAnswers(server);
  holdBackBodies(server);
  boundConnections(server, given.settings);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser(['text/plain']);
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit },
    (request, body, done) => {
      // Only where Bitrix24 posts: all else takes JSON, which no other site's page can post.
      if (!doorOf(request)?.takesForms) {
        done(new Fault('unsupported_media_type'));
        return;
      }
      try {
        done(null, parsePhpForm(body as string));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  const routes: RouteOptions[] = [];
  fastify.addHook('onRoute', (route) => {
    if (largeBodies.includes(route.url)) route.bodyLimit = largeBodyLimit;
    routes.push(route);
  });
  fastify.addHook('onReady', (done) => {
    const doorless = routes.flatMap((route) => withoutDoor(route) ?? []);
    done(doorless.length > 0 ? new Error(`Routes without a door: ${doorless.join(', ')}`) : undefined);
  });
  const wayIn = new WayIn({
    keys: app.get(ClientKeys),
    throttle: app.get(Throttle),
    console: app.get(ConsoleDoor),
    settings: given.settings,
    storeIsReady: () => app.get(StoreCheck).passed,
  });
  fastify.addHook('onRequest', async (request, reply) => {
    given.traffic.enter(request);
    // Answered or hung up; onResponse does not run for the latter.
    whenOver(reply.raw, () => {
      given.traffic.leave(request);
    });
    // An answer may hold a key, and is good for this moment only; what may be kept says so.
    void reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store' });
    const carried = request as GatewayRequest;
    carried.clock = given.clock;
    carried.callTimeoutMs = given.settings.callTimeoutMs;
    carried.arrivedAtMs = given.clock.now();
    if (request.raw.httpVersion !== '1.0' && request.headers.host === undefined)
      throw new Fault('invalid_request', { detail: 'Send a Host, as HTTP/1.1 asks.' });
    await wayIn.admit(carried, reply);
  });
  fastify.addHook('preParsing', (request, reply, _payload, done) => {
    // One that is too large is refused without it.
    if (Number(request.headers['content-length'] ?? 0) <= request.routeOptions.bodyLimit) askForBody(reply.raw);
    done();
  });
  fastify.addHook('onSend', (request, reply, _payload, done) => {
    endTrail(app.get(AuditLog), given.clock.now(), request, reply);
    // So that a caller does not send its next request into a connection that is about to end.
    if (app.get(Drain).begun) void reply.header('Connection', 'close');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { client } = request as GatewayRequest;
    // The route, not the URL: a query may hold a code.
    const route = request.routeOptions.url ?? '-';
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    const source = sourceOf(request);
    app.get(Metrics).responded(request.method, route, reply.statusCode);
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms, source, ...(client && { client: client.id }) },
      'request',
    );
    done();
  });
  await app.register(
    webhooks({
      portals: app.get(PortalDirectory),
      line: app.get(RequestLine),
      domain: given.settings.sdkDomain,
    }),
  );
}

function connect(url: string, log: PinoLogger, use?: 'waiting'): StoreConnection {
  const lost = (code: string) => {
    log.error({ code }, 'Redis cannot be reached; calls that need it are refused');
  };
  const back = () => {
    log.info('Redis answers again');
  };
  return connectStore(url, { lost, back }, use);
}

/** Most gateways have none, and its modules cost a start more than any others. */
function collectorOf(tracing: TracingSettings, clock: Clock): Collector {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only when it is wanted
  const { Collector } = require('./operations/collector') as typeof import('./operations/collector');
  return new Collector(tracing, clock);
}
