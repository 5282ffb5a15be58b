import { Pool } from 'undici';

const method = 'tasks.api.scrum.backlog.get';

/** Reads backlogs as a service of ours does, over connections that stay open. */
export function throughGateway(url, key, { connections = null } = {}) {
  const pool = new Pool(url, { connections, connectTimeout: 60_000 });
  const headers = { authorization: `Bearer ${key}` };
  return {
    read: ({ memberId }, group) => told(pool, { path: `/v1/portals/${memberId}/groups/${group}/backlog`, headers }),
    close: () => pool.destroy(),
  };
}

/** Reads them as the gateway does: from the portal itself, or through a proxy that knows nothing of it. */
export function straight(origin) {
  const pool = new Pool(origin);
  const headers = { 'content-type': 'application/json' };
  return {
    async read({ accessToken }, group) {
      const body = JSON.stringify({ id: group, auth: accessToken });
      const { status, answer } = await told(pool, { method: 'POST', path: `/rest/${method}`, headers, body });
      return { status, answer: answer.result };
    },
    close: () => pool.destroy(),
  };
}

/** @throws Error unless the backlog came */
export async function readRightly(reader, portal, group) {
  const { status, answer } = await reader.read(portal, group);
  if (status !== 200 || answer.groupId !== group) throw new Error(`Status ${status}: ${JSON.stringify(answer)}`);
  return true;
}

async function told(pool, { method = 'GET', ...request }) {
  const { statusCode, body } = await pool.request({ method, ...request });
  return { status: statusCode, answer: await body.json() };
}
