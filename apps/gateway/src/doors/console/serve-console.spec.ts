import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import Fastify from 'fastify';
import { serveConsole } from './serve-console';

it('a console that was not built shows how to build it, under the same policy', async () => {
  const fastify = Fastify();
  const app = { getHttpAdapter: () => ({ getInstance: () => fastify }) } as unknown as NestFastifyApplication;
  await serveConsole(app, ['/nowhere']);
  const response = await fetch(`${await fastify.listen()}/console/keys`);
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('npm run build')]);
  expect(response.headers.get('content-security-policy')).toContain("script-src 'self'");
  await fastify.close();
});
