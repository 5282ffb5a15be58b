import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';

/** Beside this build, and for tests, which run the sources, beside them. */
const places = ['../../../../../console', '../../../../dist/apps/console'];

/** Nothing from elsewhere, nothing inline, no text that becomes script, in nobody's frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const notBuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The console is not built yet</title>
<h1>The console is not built yet</h1>
<p>Run <code>npm run build</code> in the gateway’s folder and start the gateway again.</p>
<p>The API works without it: see <a href="/docs">/docs</a>.</p>
</html>
`;

/** The console's files as `npm run build` left them; every page of it is the same document. */
export async function serveConsole(
  app: Pick<NestFastifyApplication, 'getHttpAdapter' | 'register'>,
  folders = places.map((it) => join(__dirname, it)),
): Promise<void> {
  const folder = folders.find((it) => existsSync(join(it, 'index.html')));
  const fastify = app.getHttpAdapter().getInstance();
  const page = folder ? readFileSync(join(folder, 'index.html'), 'utf8') : notBuilt;
  const show = (_request: unknown, reply: FastifyReply) =>
    reply
      .status(folder ? 200 : 503)
      .header('Content-Security-Policy', policy)
      .header('X-Frame-Options', 'DENY')
      .header('Cache-Control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page);
  fastify.get('/console', show);
  fastify.get('/console/*', show);
  if (!folder) return;
  await app.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/console/assets/',
    decorateReply: false,
    // Their names hold a digest of what is in them.
    immutable: true,
    maxAge: '365d',
    index: false,
    preCompressed: true,
  });
}
