import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';

export interface Site {
  /** Its address, and the name of its folder in the build: `/console`. */
  readonly address: string;
  /** The folders it may have been built into; the first that is there counts. */
  readonly folders: readonly string[];
  /** Its Content-Security-Policy. */
  readonly policy: readonly string[];
  /** Shown where it was not built. */
  readonly notBuilt: string;
}

/** Where the build of an app for browsers is: beside this build, and for tests, which run the sources, beside them. */
export const builtInto = (name: string) =>
  [`../../../../../${name}`, `../../../../dist/apps/${name}`].map((it) => join(__dirname, it));

/** A site's files as `npm run build` left them; every page of it is the same document. */
export async function serveSite(
  app: Pick<NestFastifyApplication, 'getHttpAdapter' | 'register'>,
  { address, folders, policy, notBuilt }: Site,
): Promise<void> {
  const folder = folders.find((it) => existsSync(join(it, 'index.html')));
  const fastify = app.getHttpAdapter().getInstance();
  const page = folder ? readFileSync(join(folder, 'index.html'), 'utf8') : notBuilt;
  const show = (_request: unknown, reply: FastifyReply) =>
    reply
      .status(folder ? 200 : 503)
      .header('Content-Security-Policy', policy.join('; '))
      .header('X-Frame-Options', 'DENY')
      .header('Cache-Control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(page);
  fastify.get(address, show);
  fastify.get(`${address}/*`, show);
  if (!folder) return;
  await app.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: `${address}/assets/`,
    decorateReply: false,
    // Their names hold a digest of what is in them.
    immutable: true,
    maxAge: '365d',
    index: false,
    preCompressed: true,
  });
}
