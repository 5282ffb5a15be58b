import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { builtInto, serveSite } from '../http/serve-site';

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
];

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

export function serveConsole(
  app: Pick<NestFastifyApplication, 'getHttpAdapter' | 'register'>,
  folders = builtInto('console'),
): Promise<void> {
  return serveSite(app, { address: '/console', folders, policy, notBuilt });
}
