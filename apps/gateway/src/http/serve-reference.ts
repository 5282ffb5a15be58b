import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { builtInto, serveSite } from './serve-site';

const meanwhile = 'The document that it shows is there: <a href="/openapi.json">/openapi.json</a>.';

/** The document at /openapi.json, and /docs, which shows it to people. */
export async function serveReference(
  app: NestFastifyApplication & INestApplication,
  document: OpenAPIObject,
): Promise<void> {
  SwaggerModule.setup('docs', app, document, { ui: false, raw: ['json'], jsonDocumentUrl: 'openapi.json' });
  // Trusted types are not known to what renders its texts.
  const site = { name: 'reference', policy: [], meanwhile };
  await serveSite(app, { address: '/docs', folders: builtInto('reference'), ...site });
}
