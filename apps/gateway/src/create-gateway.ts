import helmet from '@fastify/helmet';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { bucketToken } from './tokens';
import { KeepAlive } from '@b24/grants';
import { type Bucket } from '@b24/lanes';
import { type Clock, Fault, systemClock } from '@b24/portal';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import { Redis } from 'ioredis';
import type { Logger as PinoLogger } from 'pino';
import { GatewayModule } from './gateway.module';
import { Drain } from './health/drain';
import type { GatewayRequest } from './http/caller';
import { gatewayLog, NestLog } from './http/log';
import { openApiDocument } from './http/openapi';
import { PlaceNamingPipe } from './http/place-naming.pipe';
import { faultOf, sendProblem, sendProblemOn } from './http/problem.filter';
import { Traffic } from './http/traffic';
import { InstallInbox } from './installs/install-inbox';
import { parsePhpForm } from './installs/php-form';
import type { Settings } from './settings';

const bodyLimit = 64 * 1024;

export interface GatewayOptions {
  readonly clock?: Clock;
  readonly log?: PinoLogger;
}

export interface Gateway {
  readonly app: NestFastifyApplication;
  readonly log: PinoLogger;
  /** Where it listens. */
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
  const adapter = new FastifyAdapter({
    bodyLimit,
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ({ headers }: IncomingMessage) => requestId(headers['x-request-id']),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
    clientErrorHandler: (_error, socket) => {
      sendProblemOn(socket);
    },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      sendProblem(faultOf(error), request, reply);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    GatewayModule.on({ settings, clock, redis, laneRedis, log }),
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
  const document = openApiDocument(app);
  SwaggerModule.setup('docs', app, document, { jsonDocumentUrl: 'openapi.json', customSiteTitle: 'b24-gateway API' });

  return {
    app,
    log,
    async listen() {
      await app.listen(settings.port, settings.host);
      app.get(InstallInbox).start();
      app.get(KeepAlive).start();
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
      app.get<Bucket>(bucketToken).close();
      laneRedis.disconnect();
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
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser(['text/plain']);
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit },
    (request, body, done) => {
      if (!request.url.startsWith('/bitrix24/')) {
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
  fastify.addHook('onRequest', (request, reply, done) => {
    given.traffic.enter(request);
    // Answered or hung up; onResponse does not run for the latter.
    reply.raw.once('close', () => {
      given.traffic.leave(request);
    });
    void reply.header('X-Request-Id', request.id);
    const carried = request as GatewayRequest;
    carried.clock = given.clock;
    carried.callTimeoutMs = given.settings.callTimeoutMs;
    done();
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    // So that a caller does not send its next request into a connection that is about to end.
    if (app.get(Drain).begun) void reply.header('Connection', 'close');
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const { client } = request as GatewayRequest;
    // The route, not the URL: a query may hold a code.
    const route = request.routeOptions.url ?? '-';
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms, ...(client && { client: client.id }) },
      'request',
    );
    done();
  });
}

function requestId(given: unknown): string {
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

function connect(url: string, log: PinoLogger): Redis {
  const redis = new Redis(url, {
    commandTimeout: 2000,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(times * 50, 500),
  });
  let reachable = true;
  redis.on('ready', () => {
    if (!reachable) log.info('Redis answers again');
    reachable = true;
  });
  redis.on('error', (error: Error & { code?: string }) => {
    if (reachable)
      log.error({ code: error.code ?? error.name }, 'Redis cannot be reached; calls that need it are refused');
    reachable = false;
  });
  return redis;
}
