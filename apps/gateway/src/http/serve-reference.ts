import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { builtInto, serveSite } from './serve-site';

/** As strict as the console's, but for trusted types, which the renderer of its texts does not know. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
];

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The reference is not built yet</title>
<h1>The reference is not built yet</h1>
<p>Run <code>npm run build</code> in the gateway’s folder and start the gateway again.</p>
<p>The document that it shows is there: <a href="/openapi.json">/openapi.json</a>.</p>
</html>
`;

/** The document at /openapi.json, and /docs, which shows it to people. */
export async function serveReference(
  app: NestFastifyApplication & INestApplication,
  document: OpenAPIObject,
): Promise<void> {
  SwaggerModule.setup('docs', app, document, { ui: false, raw: ['json'], jsonDocumentUrl: 'openapi.json' });
  await serveSite(app, { address: '/docs', folders: builtInto('reference'), policy, notBuilt });
}
