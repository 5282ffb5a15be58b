import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { buildFolders, serveSite } from '../../http/serve-site';

/** Prevents any text from being run as a script. */
const policy = ["require-trusted-types-for 'script'", "trusted-types 'none'"];
const meanwhile = 'The API works without it: see <a href="/docs">/docs</a>.';

export function serveConsole(
  app: Pick<NestFastifyApplication, 'getHttpAdapter' | 'register'>,
  folders = buildFolders('console'),
): Promise<void> {
  return serveSite(app, { address: '/console', folders, name: 'console', policy, meanwhile });
}
