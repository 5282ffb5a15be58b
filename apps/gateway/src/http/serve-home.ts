import { Fault } from '@b24/portal';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { documentDoor } from './door';

/** Sends browsers that open the bare address of the gateway to a page. Other callers get route_not_found as elsewhere. */
export function serveHome(app: Pick<NestFastifyApplication, 'getHttpAdapter'>, page: string): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.get('/', { config: { door: documentDoor } }, ({ headers }, reply) => {
    void reply.header('Vary', 'Accept');
    if (!headers.accept?.includes('text/html')) throw new Fault('route_not_found');
    return reply.redirect(page, 303);
  });
}
