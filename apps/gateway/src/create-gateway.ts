import helmet from '@fastify/helmet';
import type { IncomingMessage } from 'node:http';
import { type FastifyReply, type FastifyRequest, LogController, type RouteOptions } from 'fastify';
import { type Clock, Fault, systemClock } from '@b24/portal';
import type { StoreRefused } from '@b24/redis';
import { AppModule } from './app.module';
import { compose, type Composition } from './compose';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger as PinoLogger } from 'pino';
import { serveConsole } from './doors/console/serve-console';
import type { GatewayRequest } from './http/caller';
import { boundConnections } from './http/connections';
import { doorOf, withoutDoor } from './http/door';
import { askForBody, holdBackBodies } from './http/expected-body';
import { gatewayLog, NestLog } from './http/log';
import { openApiDocument } from './http/openapi';
import { closePipelinedAnswers, whenOver } from './http/pipelined';
import { faultOf, sendProblem, sendProblemOn } from './http/problem.filter';
import { requestId } from './http/request-id';
import { serveReference } from './http/serve-reference';
import { sourceOf } from './http/source';
import { Traffic } from './http/traffic';
import { finishAudit } from './http/audit-context';
import { WayIn } from './http/way-in';
import { parsePhpForm } from './doors/events/php-form';
import { webhooks } from './doors/sdk/webhooks';
import type { Settings } from './settings';

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
  /** Takes no new calls, finishes what is under way, saves what must be saved. It may be called again. */
  close(): Promise<void>;
}

/** A replica of the gateway, ready to listen. It waits for Redis, and says so, but does not fail without it. */
export async function createGateway(settings: Settings, options: GatewayOptions = {}): Promise<Gateway> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? gatewayLog(settings.logLevel);
  const refused = (error: StoreRefused) => {
    log.fatal(error.message);
    options.refused?.(error);
  };
  const composition = compose({ settings, clock, log, refused });
  const { lifecycle, preflight } = composition;
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
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(composition), adapter, {
    bodyParser: false,
    logger: new NestLog(log),
    abortOnError: false,
  });
  const traffic = new Traffic();
  await prepareHttp(app, composition, traffic);
  if (settings.console.served) await serveConsole(app);
  await serveReference(app, openApiDocument(app));

  const end = async () => {
    lifecycle.stop();
    const closed = app.close();
    await traffic.ends();
    // What is left are connections without a request: kept alive, or cut off in the middle of one.
    app.getHttpServer().closeAllConnections();
    await closed;
    await lifecycle.settle();
    await lifecycle.close();
  };
  let ending: Promise<void> | undefined;
  return {
    app,
    log,
    close: () => (ending ??= end()),
    async listen() {
      await preflight.run();
      await app.listen(settings.port, settings.host);
      lifecycle.start();
      return app.getUrl();
    },
  };
}

async function prepareHttp(
  app: NestFastifyApplication,
  { settings, clock, parts }: Composition,
  traffic: Traffic,
): Promise<void> {
  const { keys, throttle, consoleDoor, preflight, lifecycle, audit, metrics, directory, line } = parts;
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        upgradeInsecureRequests: null,
      },
    },
    strictTransportSecurity: settings.publicUrl.startsWith('https:'),
  });
  if (settings.corsOrigins.length > 0) {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    app.enableCors({ origin: [...settings.corsOrigins], methods, exposedHeaders, maxAge: 600 });
  }
  // An expectation that nobody knows may be passed over (RFC 9110); Node would refuse it in no words.
  const server = app.getHttpServer();
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  closePipelinedAnswers(server);
  holdBackBodies(server);
  boundConnections(server, settings);
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
    ...{ keys, throttle, settings, console: consoleDoor },
    storeIsReady: () => preflight.passed,
  });
  fastify.addHook('onRequest', async (request, reply) => {
    traffic.enter(request);
    // Answered or hung up; onResponse does not run for the latter.
    whenOver(reply.raw, () => {
      traffic.leave(request);
    });
    // An answer may hold a key, and is good for this moment only; what may be kept says so.
    void reply.headers({ 'X-Request-Id': request.id, 'Cache-Control': 'no-store' });
    const carried = request as GatewayRequest;
    carried.clock = clock;
    carried.callTimeoutMs = settings.callTimeoutMs;
    carried.arrivedAtMs = clock.now();
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
    finishAudit(audit, clock.now(), request, reply);
    // So that a caller does not send its next request into a connection that is about to end.
    if (lifecycle.isStopping) void reply.header('Connection', 'close');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { client } = request as GatewayRequest;
    // The route, not the URL: a query may hold a code.
    const route = request.routeOptions.url ?? '-';
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    const source = sourceOf(request);
    metrics.responded(request.method, route, reply.statusCode);
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms, source, ...(client && { client: client.id }) },
      'request',
    );
    done();
  });
  await app.register(webhooks({ portals: directory, line, domain: settings.sdkDomain }));
}
