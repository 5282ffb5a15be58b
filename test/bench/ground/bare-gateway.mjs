import { createHash } from 'node:crypto';
import Fastify from 'fastify';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { optionsFromParent, serveParent } from './side-process.mjs';

/**
 * The least that a gateway in Node does for a call: checks the key (GET by its SHA-256), reads the portal's grant
 * (HGETALL), and posts the call with the token in its body. No limits, batches, scopes, sealed tokens or log.
 */
const { redisUrl, origin } = optionsFromParent();
const redis = new Redis(redisUrl);
const vendor = new Pool(origin, { connections: 64 });
const app = Fastify();

app.addHook('onRequest', async (request, reply) => {
  const key = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
  const client = key && (await redis.get(`bare:key:${createHash('sha256').update(key).digest('hex')}`));
  if (!client) return reply.code(401).send({ code: 'key_invalid' });
});

app.get('/v1/portals/:portal/groups/:group/backlog', async (request, reply) => {
  const { portal, group } = request.params;
  const grant = await redis.hgetall(`bare:grant:${portal}`);
  if (!grant.accessToken) return reply.code(404).send({ code: 'portal_not_found' });
  const { statusCode, body } = await vendor.request({
    method: 'POST',
    path: '/rest/tasks.api.scrum.backlog.get',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ id: Number(group), auth: grant.accessToken }),
  });
  const answer = await body.json();
  if (statusCode !== 200) return reply.code(502).send({ code: 'portal_error', detail: answer.error });
  return answer.result;
});

serveParent({ url: await app.listen({ host: '127.0.0.1', port: 0 }) });
