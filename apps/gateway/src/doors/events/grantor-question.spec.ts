import { type Answer, Fault, portalId, Secret } from '@b24/portal';
import { HandClock, settle } from '../../../../../test/support/hand-clock';
import { GrantorQuestion } from './grantor-question';
import { policyOfApp } from '../pages/install-policy';

const portal = portalId('a'.repeat(32));
const timing = { queueMs: 0, upstreamMs: 0 };

function asking(answer: (signal: AbortSignal) => Promise<Answer>) {
  const clock = new HandClock();
  const question = new GrantorQuestion({ ask: (_portal, _authorization, _command, signal) => answer(signal) }, clock);
  return { clock, asked: question.ask(portal, new Secret('https://p.example/rest/'), new Secret('access-token')) };
}

describe('asking a portal who granted a pair', () => {
  it.each([
    [{ ID: '1', ADMIN: true }, 1, true],
    [{ ID: 6, ADMIN: false }, 6, false],
    [{ ID: '6' }, 6, false],
    [{ ID: '6', ADMIN: 'true' }, 6, false],
    [{ ID: '6', ADMIN: 'Y' }, 6, false],
    [{ ID: '6', ADMIN: 1 }, 6, false],
    [{ ID: '6', ADMIN: [true] }, 6, false],
  ])('treats only the value true as an administrator: %j', async (value, userId, administrator) => {
    const expected = { userId, administrator };
    expect(await asking(() => Promise.resolve({ ok: true, value, timing })).asked).toEqual(expected);
  });

  it.each([[null], [[]], ['<html>'], [{ ADMIN: true }], [{ ID: '0', ADMIN: true }], [{ ID: ['1'], ADMIN: true }]])(
    'has no answer in %j',
    async (value) => {
      const { asked } = asking(() => Promise.resolve({ ok: true, value, timing }));
      await expect(asked).rejects.toMatchObject({ code: 'portal_error' });
    },
  );

  it('ends after eight seconds, whatever the portal does', async () => {
    const { clock, asked } = asking(
      (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Fault);
          });
        }),
    );
    const ended = expect(asked).rejects.toMatchObject({ code: 'outcome_unknown' });
    await clock.advance(8000);
    await settle();
    await ended;
  });
});

describe('the install policy of an app that INSTALLS does not name', () => {
  it('is open for a local app and approve for any other', () => {
    const ids = ['local.62f1c3e0a1b2c3.12345678', 'app.62f1c3e0a1b2c3.12345678', 'LOCAL.1', 'xlocal.1', ''];
    expect(ids.map(policyOfApp)).toEqual(['open', 'approve', 'approve', 'approve', 'approve']);
  });
});
