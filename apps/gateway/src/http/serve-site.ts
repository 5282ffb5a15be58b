import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { documentDoor } from './door';

export interface Site {
  /** Its path, which is also the name of its folder in the build, for example `/console`. */
  readonly address: string;
  /** The folders of possible builds. The first that exists is served. */
  readonly folders: readonly string[];
  /** Its name, for example `console`. */
  readonly name: string;
  /** Directives in addition to the policy of every site. */
  readonly policy: readonly string[];
  /** HTML that is served if there is no build. */
  readonly meanwhile: string;
}

/** Allows no content from elsewhere, nothing inline and no frames. */
const ownFilesOnly = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
];

/** Returns where a browser app is built: beside this build, beside the bundle or, for tests, beside the sources. */
export const buildFolders = (name: string) =>
  [`../../../../../${name}`, `../../../../../apps/${name}`, `../../../../dist/apps/${name}`].map((it) =>
    join(__dirname, it),
  );

/** Serves the files of a site as `npm run build` created them. All its pages are the same document. */
export async function serveSite(
  app: Pick<NestFastifyApplication, 'getHttpAdapter' | 'register'>,
  { address, folders, name, policy, meanwhile }: Site,
): Promise<void> {
  const folder = folders.find((it) => existsSync(join(it, 'index.html')));
  const fastify = app.getHttpAdapter().getInstance();
  const page = folder ? readFileSync(join(folder, 'index.html'), 'utf8') : notBuilt(name, meanwhile);
  const show = (_request: unknown, reply: FastifyReply) =>
    reply
      .status(folder ? 200 : 503)
      .header('Content-Security-Policy', [...ownFilesOnly, ...policy].join('; '))
      .header('X-Frame-Options', 'DENY')
      .header('Cache-Control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page);
  const open = { config: { door: documentDoor } };
  fastify.get(address, open, show);
  fastify.get(`${address}/*`, open, show);
  if (!folder) return;
  await app.register(async (scope: FastifyInstance) => {
    scope.addHook('onRoute', (route) => {
      Object.assign(route, { config: { ...route.config, door: documentDoor } });
    });
    await scope.register(fastifyStatic, {
      root: join(folder, 'assets'),
      prefix: `${address}/assets/`,
      decorateReply: false,
      // File names contain a digest of the content.
      immutable: true,
      maxAge: '365d',
      index: false,
      preCompressed: true,
    });
  });
}

function notBuilt(name: string, meanwhile: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The ${name} is not built yet</title>
<h1>The ${name} is not built yet</h1>
<p>Run <code>npm run build</code> in the gateway’s folder and start the gateway again.</p>
<p>${meanwhile}</p>
</html>
`;
}
