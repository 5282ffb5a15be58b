import type { PortalActor } from './actors';
import type { Chance } from './chance';
import type { Findings } from './findings';
import { pause } from './cluster';
import type { ChaosCall, RecordedCalls, ChaosReply } from './recorded-calls';
import type { ChaosCluster } from './cluster';
import { type ObservedBacklog, executed, mayBeUnkept, sameBacklog } from './observer';

/** State that every caller shares with the scenario. */
export interface ChaosScene {
  readonly calls: RecordedCalls;
  readonly findings: Findings;
  readonly stage: ChaosCluster;
  /** Returns the key to call with: a client's, or the admin's. */
  readonly keyFor: (chance: Chance) => string;
  /** Whether no new call and no new write may begin. */
  readonly over: () => boolean;
  /** Even while Redis still has its data; incremented when it loses the data, and again after the new setup. */
  readonly era: () => number;
}

/** How long pending work may take to end after the faults stop: longer than any lease or pause. */
const patienceMs = 90_000;

/** Codes that are wrong for a group that did not change, on a portal that is installed. */
const untrue = new Set([
  ...['backlog_not_found', 'group_not_found', 'user_not_found', 'portal_not_found', 'client_not_found'],
  ...['key_missing', 'key_invalid', 'key_expired', 'not_allowed', 'invalid_request', 'route_not_found'],
]);

/** Reads the backlogs of the unchanged groups and compares each with the expected one. */
export async function read(actor: PortalActor, chance: Chance, scene: ChaosScene): Promise<void> {
  const { calls, findings } = scene;
  while (!scene.over()) {
    const backlog = chance.pick(actor.standing);
    const path = `/v1/portals/${actor.portal.memberId}/groups/${backlog.groupId}/backlog`;
    const deadlineMs = chance.between(1000, 5000);
    const isKnown = scene.era() % 2 === 0;
    const reply = await calls.call(chance, { method: 'GET', path, deadlineMs, key: scene.keyFor(chance) });
    if (reply?.status === 200) {
      findings.reads++;
      if (!sameBacklog(reply.body, { ...backlog, modifiedBy: 1 }))
        findings.flaw('crossed', `${path} was answered ${JSON.stringify(reply.body)}`);
    } else if (reply && untrue.has(reply.body?.code) && isKnown && scene.era() % 2 === 0)
      findings.flaw('crossed', `${path} got ${JSON.stringify(reply.body)}`);
    const busy = reply?.status === 200 ? 0 : Math.min(reply?.retryAfterMs ?? 0, 2000);
    await pause(Math.max(busy, chance.between(20, 150)));
  }
}

/**
 * Adds a backlog, changes it twice and deletes it. Each write has a key of its own and is repeated until its outcome is
 * known.
 */
export async function write(actor: PortalActor, chance: Chance, scene: ChaosScene): Promise<void> {
  for (let life = 0; !scene.over(); life++) {
    await new BacklogLife(actor, chance, scene, `${actor.portal.memberId}-${chance.between(0, 1e9)}-${life}`).live();
  }
}

/** The life of one backlog in a group that no other write uses, so that the expected state is known. */
class BacklogLife {
  private readonly groupId: number;
  private readonly bornIn: number;
  private readonly key: string;

  constructor(
    private readonly actor: PortalActor,
    private readonly chance: Chance,
    private readonly scene: ChaosScene,
    private readonly name: string,
  ) {
    this.groupId = actor.freshGroup();
    this.bornIn = scene.era();
    this.key = scene.keyFor(chance);
  }

  async live(): Promise<void> {
    const { chance } = this;
    const createdBy = chance.between(1, 40);
    const add = await this.send('POST', '/backlogs', { groupId: this.groupId, createdBy });
    const backlog = add && this.added(add, createdBy);
    if (!add || !backlog) return;
    const repliedAtMs = Date.now();
    const unkept = () => mayBeUnkept(this.scene.stage, repliedAtMs);
    if (chance.happens(0.5)) await this.replayed(add, unkept);
    for (const step of ['first', 'second']) {
      const modifiedBy = chance.between(1, 40);
      const reply = await this.send('PATCH', `/backlogs/${backlog.id}`, { modifiedBy }, step);
      if (reply) this.changed(reply, { ...backlog, modifiedBy });
    }
    const removed = await this.send('DELETE', `/backlogs/${backlog.id}`, undefined);
    if (removed) this.deleted(removed, backlog);
    // A repeated add, even after the deletion, must get the same answer and add nothing.
    if (removed?.status === 204 && chance.happens(0.7) && !this.forgot) await this.replayed(add, unkept);
    this.addedOnce(unkept);
  }

  /** Repeats the write as `retryable` and `Retry-After` say, until its outcome is certain. */
  private async send(
    method: string,
    path: string,
    body: unknown,
    step = '',
  ): Promise<(ChaosReply & { call: ChaosCall }) | undefined> {
    const { actor, chance, scene, name } = this;
    const about = { method, path: `/v1/portals/${actor.portal.memberId}${path}`, body };
    for (let gaveUpAt = Date.now() + patienceMs; ;) {
      const call = {
        ...about,
        key: this.forgot ? scene.keyFor(chance) : this.key,
        deadlineMs: chance.between(2000, 6000),
      };
      const reply = await scene.calls.call(chance, { ...call, idempotencyKey: `${name} ${method}${step}` });
      if (reply && (reply.status < 400 || !this.repeats(reply))) return { ...reply, call };
      // During the storm the time limit does not count: writes must end only after the faults stop.
      if (!scene.over()) gaveUpAt = Date.now() + patienceMs;
      if (Date.now() > gaveUpAt) {
        scene.findings.flaw('waiting', `${method} ${about.path} never ended: ${JSON.stringify(reply?.body)}`);
        return undefined;
      }
      await pause(Math.max(reply?.retryAfterMs ?? 0, chance.between(50, 300)));
    }
  }

  private added({ status, body }: ChaosReply, createdBy: number): ObservedBacklog | undefined {
    const { findings } = this.scene;
    const adds = this.adds();
    if (status === 201) {
      findings.writes.added++;
      const backlog = { id: body.id as number, groupId: this.groupId, createdBy, modifiedBy: 0 };
      if (!sameBacklog(body, backlog))
        findings.flaw('crossed', `an add for ${this.groupId} got ${JSON.stringify(body)}`);
      if (adds !== 1) findings.flaw('doubled', `group ${this.groupId}: told 201, executed ${adds} times`);
      return backlog;
    }
    findings.writes.refused++;
    if (adds !== 0 && !this.forgot) this.liedTo('add', body);
    return undefined;
  }

  private changed({ status, body }: ChaosReply, backlog: ObservedBacklog): void {
    const { findings } = this.scene;
    if (status !== 200) return void findings.writes.refused++;
    findings.writes.changed++;
    if (!sameBacklog(body, backlog)) findings.flaw('crossed', `a change of ${backlog.id} got ${JSON.stringify(body)}`);
    const now = this.actor.portal.scrum.backlogs.get(backlog.id);
    if (!now || !sameBacklog(now, backlog))
      findings.flaw('doubled', `backlog ${backlog.id}: told changed, but is ${JSON.stringify(now)}`);
  }

  private deleted({ status, body }: ChaosReply, { id }: ObservedBacklog): void {
    const { findings } = this.scene;
    const isThere = this.actor.portal.scrum.backlogs.has(id);
    if (status === 204) {
      findings.writes.deleted++;
      if (isThere) findings.flaw('doubled', `backlog ${id}: told deleted, but is there`);
      return;
    }
    findings.writes.refused++;
    if (!isThere && !this.forgot) this.liedTo('delete', body);
  }

  private async replayed({ call, body }: ChaosReply & { call: ChaosCall }, unkept: () => boolean): Promise<void> {
    const { findings } = this.scene;
    const reply = await this.send(call.method, call.path.slice(call.path.indexOf('/backlogs')), call.body);
    if (this.forgot || !reply) return;
    if (!reply.replayed && unkept()) findings.unkept++;
    else if (reply.status === 201 && reply.replayed && sameBacklog(reply.body, body)) findings.writes.replayed++;
    else findings.flaw('doubled', `group ${this.groupId}: retried with its key, got ${JSON.stringify(reply.body)}`);
  }

  private addedOnce(unkept: () => boolean): void {
    const adds = this.adds();
    // If Redis lost the record of an add, or never stored it, a repetition after the deletion adds a new backlog.
    if (adds > 1 && !this.forgot && !unkept())
      this.scene.findings.flaw('doubled', `group ${this.groupId}: added ${adds} times with one key`);
  }

  private adds(): number {
    return executed(this.actor.portal, 'add', (fields) => Number(fields['groupId']) === this.groupId);
  }

  private liedTo(what: string, body: unknown): void {
    const text = JSON.stringify(body);
    this.scene.findings.flaw(
      'doubled',
      `${what} in group ${this.groupId} was executed, but reported as refused: ${text}`,
    );
  }

  /** Whether Redis has lost its record of this write meanwhile. */
  private get forgot(): boolean {
    return this.bornIn % 2 === 1 || this.scene.era() !== this.bornIn;
  }

  private repeats({ body }: ChaosReply): boolean {
    if (body?.retryable === true) return true;
    // Until the setup is repeated, every portal and key is unknown.
    return this.forgot && ['portal_not_found', 'key_invalid'].includes(body?.code as string);
  }
}
