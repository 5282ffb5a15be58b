import { adminKey } from '../support/gateway';
import type { PortalActor } from './actors';
import type { ChaosScene } from './callers';
import type { Chance } from './chance';
import { pause } from './cluster';
import type { ChaosReply } from './recorded-calls';
import type { RevocationLedger } from './revocation-ledger';

const callDeadlineMs = 900;
const adminDeadlineMs = 3000;
const usersOfKey = 2;
/** How long a key is used before its end, and after it. */
const usedMs = { least: 500, most: 2500 };
const usedAfterMs = 2500;
const path = ({ portal }: PortalActor) => `/v1/portals/${portal.memberId}`;

/** What the revoking actors share. */
export interface RevocationScene extends ChaosScene {
  readonly ledger: RevocationLedger;
}

/** Creates keys, uses them, deletes or replaces them, and goes on using them. */
export async function revokeKeys(actor: PortalActor, chance: Chance, scene: RevocationScene): Promise<void> {
  while (!scene.over()) {
    const right = scene.ledger.nameRight(`key ${actor.name}`);
    const created = await confirmed(chance, scene, {
      ...{ method: 'POST', path: '/v1/clients', body: { name: right, scopes: ['call'] } },
      isDone: ({ status }) => status === 201,
    });
    if (!created) return;
    let isOver = false;
    const key = created.body.key as string;
    const callers = useAtOnce(actor, chance, scene, { key, right, over: () => isOver });
    await pause(chance.between(usedMs.least, usedMs.most));
    if (await endKey(created.body.id as string, right, chance, scene)) await pause(usedAfterMs);
    isOver = true;
    await callers;
  }
}

/** Suspends a portal that is called all the time, and releases it. */
export async function suspend(actor: PortalActor, chance: Chance, scene: RevocationScene): Promise<void> {
  const right = scene.ledger.nameRight(`portal ${actor.name}`);
  let isOver = false;
  const callers = useAtOnce(actor, chance, scene, { key: adminKey, right, over: () => isOver });
  const setSuspended = (suspended: boolean, always = false) =>
    confirmed(chance, scene, {
      ...{ method: 'PATCH', path: path(actor), body: { suspended }, always },
      isDone: ({ status }) => status === 200,
    });
  while (!scene.over()) {
    await pause(chance.between(usedMs.least, usedMs.most));
    const era = scene.era();
    if (!(await setSuspended(true)) || era !== scene.era()) continue;
    const suspension = scene.ledger.end(right, 'suspended', Date.now());
    await pause(usedAfterMs);
    suspension.untilMs = Math.min(suspension.untilMs, Date.now());
    await setSuspended(false, true);
  }
  await setSuspended(false, true);
  isOver = true;
  await callers;
}

async function endKey(id: string, right: string, chance: Chance, scene: RevocationScene): Promise<boolean> {
  const how = chance.happens(0.5) ? 'deleted' : 'replaced';
  const isGone = ({ body }: ChaosReply) => body?.code === 'client_not_found';
  const ended =
    how === 'deleted'
      ? await confirmed(chance, scene, {
          ...{ method: 'DELETE', path: `/v1/clients/${id}` },
          isDone: (reply) => reply.status === 204 || isGone(reply),
        })
      : await confirmed(chance, scene, {
          ...{ method: 'POST', path: `/v1/clients/${id}/rotate`, body: { graceSeconds: 0 } },
          isDone: (reply) => reply.status === 200 || isGone(reply),
        });
  if (ended) scene.ledger.end(right, how, Date.now());
  return ended !== undefined;
}

interface UsedRight {
  readonly key: string;
  readonly right: string;
  readonly over: () => boolean;
}

/** Calls with unique markers, so that no two calls share one request of the portal. */
function useAtOnce(actor: PortalActor, chance: Chance, scene: RevocationScene, used: UsedRight): Promise<unknown> {
  return Promise.all(
    Array.from({ length: usersOfKey }, async (_, user) => {
      for (let call = 0; !used.over() && !scene.over(); call++) {
        const marker = scene.ledger.markerOf(used.right, `${user}-${call}`, Date.now());
        const params = { id: actor.standing[0]?.groupId, marker };
        await scene.calls.call(chance, {
          ...{ method: 'POST', path: `${path(actor)}/call/tasks.api.scrum.backlog.get`, body: { params } },
          ...{ deadlineMs: callDeadlineMs, key: used.key },
        });
        await pause(chance.between(100, 300));
      }
    }),
  );
}

interface AdminCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly isDone: (reply: ChaosReply) => boolean;
  /** Also when the storm is over. */
  readonly always?: boolean;
}

/** Repeats a call of the administration at any replica until it is confirmed; undefined when the storm ended first. */
async function confirmed(
  chance: Chance,
  scene: ChaosScene,
  { isDone, always = false, ...call }: AdminCall,
): Promise<ChaosReply | undefined> {
  while (always || !scene.over()) {
    const reply = await scene.calls.call(chance, { ...call, deadlineMs: adminDeadlineMs, key: adminKey });
    if (reply && isDone(reply)) return reply;
    await pause(100);
  }
  return undefined;
}
