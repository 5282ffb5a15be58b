import type { Client } from '@b24/access';
import type { Grant } from '@b24/grants';
import { type Answer, type Command, Fault, portalId } from '@b24/portal';
import { HandClock } from '../../../../test/support/hand-clock';
import { admitted, lastCheck } from './last-check';

const portal = portalId('a'.repeat(32));
const signal = new AbortController().signal;
const client = { id: 'c_1', name: 'c', scopes: ['call'], portals: 'all', createdAtMs: 0 } as const satisfies Client;
const by = (keyDigest: string | undefined, method = `of.${keyDigest}`): Command =>
  admitted({ method, params: {}, effect: 'read' }, client, keyDigest);

/** Keys and a grant as the test sets them: in memory, or known by Redis only, which answers when the test lets it. */
function world() {
  const clock = new HandClock();
  const it = {
    clock,
    inMemory: true,
    ended: new Set<string>(),
    isSuspended: false,
    version: 1,
    redisMs: [] as number[],
    asked: { keys: 0, grant: 0 },
    sent: [] as string[],
  };
  const grant = () => ({ portal, version: it.version }) as unknown as Grant;
  const answering = async () => {
    const ms = it.redisMs.shift() ?? 0;
    if (ms > 0) await new Promise<void>((resolve) => clock.after(ms, resolve));
  };
  const parts = {
    clock,
    keys: {
      isKnownToWork: (digest: string) => it.inMemory && !it.ended.has(digest),
      works: async (digest: string) => {
        it.asked.keys++;
        const works = !it.ended.has(digest);
        await answering();
        return works;
      },
    },
    grants: {
      ready: () => (it.inMemory && !it.isSuspended ? grant() : undefined),
      usable: async () => {
        it.asked.grant++;
        const { isSuspended } = it;
        const found = grant();
        await answering();
        if (isSuspended) throw new Fault('portal_suspended');
        return found;
      },
    },
  };
  const sendAs = lastCheck(parts, (used) => (_, commands) => {
    it.sent.push(`${commands.map(({ method }) => method).join()} by version ${used.version}`);
    return Promise.resolve(
      commands.map(({ method }): Answer => ({ ok: true, value: method, timing: { queueMs: 0, upstreamMs: 0 } })),
    );
  });
  return Object.assign(it, { prepare: () => sendAs(grant()) });
}

const outcomes = (answers: readonly Answer[]) => answers.map((it) => (it.ok ? it.value : it.fault.code));

describe('the last check before a request', () => {
  it('asks nothing while keys and grant are in memory', async () => {
    const it = world();
    expect(outcomes(await it.prepare()(portal, [by('1'), by(undefined)], signal))).toEqual(['of.1', 'of.undefined']);
    expect([it.asked, it.sent]).toEqual([{ keys: 0, grant: 0 }, ['of.1,of.undefined by version 1']]);
  });

  it('holds back what a key of this replica or a peer began that has ended, and sends the rest', async () => {
    for (const inMemory of [true, false]) {
      const it = world();
      const send = it.prepare();
      it.inMemory = inMemory;
      it.ended.add('2');
      const answers = await send(portal, [by('1'), by('2'), by(undefined), by('2'), by('3')], signal);
      expect(outcomes(answers)).toEqual(['of.1', 'key_invalid', 'of.undefined', 'key_invalid', 'of.3']);
      expect(it.sent).toEqual(['of.1,of.undefined,of.3 by version 1']);
    }
  });

  it('sends nothing when every key has ended', async () => {
    const it = world();
    it.ended.add('2');
    expect(outcomes(await it.prepare()(portal, [by('2')], signal))).toEqual(['key_invalid']);
    expect(it.sent).toEqual([]);
  });

  it('uses the newest grant in memory, and a prepared one for a tenth of a second', async () => {
    const it = world();
    const send = it.prepare();
    it.version = 2;
    await send(portal, [by('1')], signal);
    it.inMemory = false;
    it.version = 3;
    await send(portal, [by('1')], signal);
    expect(it.asked.grant).toBe(0);
    await it.clock.advance(101);
    await send(portal, [by('1')], signal);
    expect(it.sent).toEqual(['of.1 by version 2', 'of.1 by version 1', 'of.1 by version 3']);
  });

  it('sends nothing to a portal that was suspended while the request waited for its permit', async () => {
    const it = world();
    const send = it.prepare();
    it.isSuspended = true;
    await it.clock.advance(101);
    await expect(send(portal, [by('1')], signal)).rejects.toMatchObject({ code: 'portal_suspended' });
    expect(it.sent).toEqual([]);
  });

  it.each([
    ['a key was deleted', 'key', ['key_invalid']],
    ['the portal was suspended', 'portal', 'portal_suspended'],
  ] as const)('does not believe an answer that came late: %s meanwhile', async (_, what, expected) => {
    const it = world();
    const send = it.prepare();
    it.inMemory = false;
    await it.clock.advance(101);
    it.redisMs = [4000];
    const answered = send(portal, [by('1')], signal).then(outcomes, (fault: unknown) => (fault as Fault).code);
    if (what === 'key') it.ended.add('1');
    else it.isSuspended = true;
    await it.clock.advance(4000);
    expect(await answered).toEqual(expected);
    expect(it.sent).toEqual([]);
  });

  it('gives up when Redis is always slow', async () => {
    const it = world();
    it.inMemory = false;
    it.redisMs = [300, 300, 300, 300, 300];
    const answered = it
      .prepare()(portal, [by('1')], signal)
      .catch((fault: unknown) => (fault as Fault).code);
    for (let looks = 0; looks < 4; looks++) await it.clock.advance(300);
    expect([await answered, it.sent]).toEqual(['store_unavailable', []]);
  });

  it('sends nothing when the caller has left meanwhile', async () => {
    const it = world();
    it.inMemory = false;
    const caller = new AbortController();
    const answered = it.prepare()(portal, [by('1')], caller.signal);
    caller.abort(new Fault('deadline_exceeded'));
    await expect(answered).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(it.sent).toEqual([]);
  });
});
