import type { IncomingMessage } from 'node:http';
import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { type Clock, systemClock, writeJson } from '@b24/portal';
import type { StoreRefused } from '@b24/redis';
import { AppModule } from './app.module';
import { compose, type Composition } from './compose';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Bindings, Logger as PinoLogger } from 'pino';
import { serveConsole } from './doors/console/serve-console';
import { addBodyParsers } from './http/body-parsers';
import { BodyMemory } from './http/body-memory';
import { compressAnswers } from './http/compress-answers';
import { boundConnections } from './http/connections';
import { holdBackBodies } from './http/expected-body';
import { gatewayLog, NestLog } from './http/log';
import { closePipelinedAnswers } from './http/pipelined';
import { addInboundPipeline, type InboundPipelineOptions } from './http/inbound-pipeline';
import { renderProblem, sendProblemOn } from './http/render-problem';
import { replyFault } from './http/reply-fault';
import { answerLog, RequestLogger } from './http/request-log';
import { secureHeaders } from './http/secure-headers';
import { toFault } from './http/to-fault';
import { acceptRawUrls } from './http/raw-urls';
import { bodyTimeMs } from './http/read-body';
import { requestId } from './http/request-id';
import { serveHome } from './http/serve-home';
import { serveReference } from './http/serve-reference';
import { OpenRequests } from './http/open-requests';
import { RequestAdmission } from './http/request-admission';
import { parsePhpForm } from './doors/events/php-form';
import { webhooks } from './doors/sdk/webhooks';
import type { Settings } from './settings';

const bodyLimit = 64 * 1024;
/** Large bodies that a replica holds at once, in times the limit of one; a client holds one. */
const largeBodiesAtOnce = 2;
/** Headers that a page of an allowed origin may read. */
const exposedHeaders = ['X-Request-Id', 'Retry-After', 'Location', 'Server-Timing', 'RateLimit', 'RateLimit-Policy'];

export interface CreateGatewayOptions {
  readonly clock?: Clock;
  readonly log?: PinoLogger;
  /** Called if a Redis that did not answer at the start turns out to be unusable; the process should end. */
  readonly refused?: (error: StoreRefused) => void;
}

export interface Gateway {
  readonly app: NestFastifyApplication;
  readonly log: PinoLogger;
  /** Listens and returns the URL. @throws StoreRefused if this build or these settings cannot read the data in Redis */
  listen(): Promise<string>;
  /** Takes no new calls, finishes those in progress and saves what must not be lost. Idempotent. */
  close(): Promise<void>;
}

/** A replica of the gateway, ready to listen. It waits for Redis, and says so, but does not fail without it. */
export async function createGateway(settings: Settings, options: CreateGatewayOptions = {}): Promise<Gateway> {
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
    childLoggerFactory: (parent: FastifyBaseLogger, bindings: Bindings) => new RequestLogger(parent, bindings),
    genReqId: ({ headers }: IncomingMessage) => requestId(headers['x-request-id']),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // For the largest body; read-body.ts gives each body a time of its own.
    requestTimeout: bodyTimeMs(settings.uploadLimitBytes),
    // Node would refuse a request without a host itself, without a problem.
    http: { headersTimeout: 15_000, requireHostHeader: false },
    ...(settings.trustedProxies.length > 0 && { trustProxy: [...settings.trustedProxies] }),
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      replyFault(toFault(error), request, reply, renderProblem);
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of(composition), adapter, {
    bodyParser: false,
    logger: new NestLog(log),
    abortOnError: false,
  });
  const inFlight = new OpenRequests();
  await prepareHttp(app, composition, { inFlight, logAnswer: answerLog(log) });
  if (settings.console.served) await serveConsole(app);
  await serveReference(app);
  serveHome(app, settings.console.served ? '/console' : '/docs');

  const end = async () => {
    lifecycle.stop();
    const closed = app.close();
    await inFlight.drained();
    // The remaining connections have no complete request.
    app.getHttpServer().closeAllConnections();
    await closed;
    await lifecycle.settle();
    await lifecycle.close();
    await written(log);
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

/** Resolves once the lines of a log are written. */
function written(log: PinoLogger): Promise<void> {
  return new Promise((resolve) => {
    log.flush(() => {
      resolve();
    });
  });
}

function bodyMemory(maxBytes: number): BodyMemory {
  return new BodyMemory({ inAll: largeBodiesAtOnce * maxBytes, perClient: maxBytes });
}

async function prepareHttp(
  app: NestFastifyApplication,
  { settings, clock, parts }: Composition,
  { inFlight, logAnswer }: Pick<InboundPipelineOptions, 'inFlight' | 'logAnswer'>,
): Promise<void> {
  const {
    keys,
    assistants,
    throttle,
    consoleAuth,
    preflight,
    lifecycle,
    audit,
    metrics,
    directory,
    line,
    fileTransfers,
    once,
  } = parts;
  if (settings.corsOrigins.length > 0) {
    const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
    app.enableCors({ origin: [...settings.corsOrigins], methods, exposedHeaders, maxAge: 600 });
  }
  // An unknown expectation may be ignored (RFC 9110); Node would refuse it without a problem.
  const server = app.getHttpServer();
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  acceptRawUrls(server, { isAnswering: closePipelinedAnswers(server), refuse: sendProblemOn });
  holdBackBodies(server);
  boundConnections(server, settings);
  const fastify = app.getHttpAdapter().getInstance();
  const uploads = { maxBytes: settings.uploadLimitBytes, memory: bodyMemory(settings.uploadLimitBytes) };
  addBodyParsers(fastify, { maxBytes: bodyLimit, maxPayloadBytes: uploads.maxBytes, parseForm: parsePhpForm });
  const admission = new RequestAdmission({
    ...{ keys, assistants, throttle, settings, console: consoleAuth },
    storeIsReady: () => preflight.passed,
  });
  addInboundPipeline(fastify, {
    ...{ settings, clock, once, admission, inFlight, audit, metrics, uploads, portals: directory },
    setSecureHeaders: secureHeaders({ isHttps: settings.publicUrl.startsWith('https:') }),
    logAnswer,
    isStopping: () => lifecycle.isStopping,
  });
  fastify.setReplySerializer((payload) => writeJson(payload));
  await compressAnswers(fastify);
  await app.register(fileTransfers.routes);
  await app.register(
    webhooks({ portals: directory, line, domain: settings.sdkDomain, maxBodyBytes: uploads.maxBytes }),
  );
}
