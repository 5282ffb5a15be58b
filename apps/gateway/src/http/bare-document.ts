import { randomBytes } from 'node:crypto';
import { systemClock } from '@b24/portal';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { GatewayModule } from '../gateway.module';
import { readSettings } from '../settings';
import { openApiDocument } from './openapi';

/** The OpenAPI document of this build, made without a store, a portal or a port. */
export async function bareDocument(): Promise<OpenAPIObject> {
  const settings = readSettings({
    REDIS_URL: 'redis://unused',
    ADMIN_KEY: randomBytes(32).toString('base64url'),
    ENCRYPTION_KEYS: `unused:${Buffer.alloc(32).toString('base64')}`,
    B24_CLIENT_ID: 'unused',
    B24_CLIENT_SECRET: 'unused',
  });
  const ground = { settings, clock: systemClock, log: pino({ level: 'silent' }), refused: () => undefined };
  const redis = new Redis({ lazyConnect: true });
  const laneRedis = new Redis({ lazyConnect: true });
  const jobRedis = new Redis({ lazyConnect: true });
  const app = await NestFactory.create(
    GatewayModule.on({ ...ground, redis, laneRedis, jobRedis }),
    new FastifyAdapter(),
    {
      logger: false,
    },
  );
  const document = openApiDocument(app);
  redis.disconnect();
  laneRedis.disconnect();
  jobRedis.disconnect();
  return document;
}
