import { Test } from '@nestjs/testing';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { controllers } from './app.module';
import { openApiDocument } from './openapi-document';

/** The OpenAPI document of this build. It needs the decorators of the controllers, but none of their dependencies. */
export async function bareDocument(): Promise<OpenAPIObject> {
  const module = await Test.createTestingModule({ controllers })
    .useMocker(() => ({}))
    .compile();
  return openApiDocument(module.createNestApplication(new FastifyAdapter(), { logger: false }));
}
