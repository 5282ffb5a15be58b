import fc from 'fast-check';
import { Secret } from '@b24/portal';
import type { GrantIssue } from './install';
import { type ExistingGrant, type GrantCandidate, type Replacement, decideReplacement } from './replacement';

const pair = {
  accessToken: new Secret('access-token'),
  refreshToken: new Secret('refresh-token'),
  expiresAtMs: 1,
  lifetimeMs: 1,
};
const troubled = (code: GrantIssue['code']): GrantIssue => ({ code, detail: 'x', sinceMs: 1 });
type Held = NonNullable<ExistingGrant['grant']>;
const grants: Readonly<Record<string, Held | undefined>> = {
  none: undefined,
  living: { userId: 1, version: 1, pair },
  'unreachable for now': { userId: 1, version: 1, pair, issue: troubled('portal_unreachable') },
  refused: { userId: 1, version: 1, pair, issue: troubled('reauthorization_required') },
  uninstalled: { userId: 1, version: 1, issue: troubled('portal_uninstalled') },
  "another app's": { userId: 1, version: 1, pair, app: 'a_0123456789abcdef' },
  "nobody's we know": { version: 1, pair },
};
const users = { same: 1, another: 6, unknown: undefined };
const answers = { yes: true, no: false, silence: undefined };

/** What the portal reports (administrator, not, unknown), for the same user, another user and an unknown user. */
const table: Readonly<Record<string, Readonly<Record<keyof typeof users, string>>>> = {
  none: {
    same: 'replace first first',
    another: 'replace first first',
    unknown: 'replace first first',
  },
  living: {
    same: 'replace spare spare',
    another: 'replace nothing spare',
    unknown: 'replace nothing spare',
  },
  'unreachable for now': {
    same: 'replace spare spare',
    another: 'replace nothing spare',
    unknown: 'replace nothing spare',
  },
  refused: {
    same: 'replace revive revive',
    another: 'replace nothing spare',
    unknown: 'replace nothing spare',
  },
  uninstalled: {
    same: 'replace revive revive',
    another: 'replace nothing nothing',
    unknown: 'replace nothing nothing',
  },
  "another app's": {
    same: 'replace nothing nothing',
    another: 'replace nothing nothing',
    unknown: 'replace nothing nothing',
  },
  "nobody's we know": {
    same: 'replace nothing spare',
    another: 'replace nothing spare',
    unknown: 'replace nothing spare',
  },
};

function by(userId: number | undefined, administrator: boolean | undefined): GrantCandidate {
  return { ...(userId !== undefined && { userId }), ...(administrator !== undefined && { administrator }) };
}

describe('the replacement that a granted pair may make', () => {
  it.each(Object.keys(table))('follows the table: a grant that is %s', (name) => {
    const grant = grants[name];
    for (const [user, expected] of Object.entries(table[name] ?? {})) {
      const found = Object.values(answers).map((answer) =>
        decideReplacement(by(users[user as keyof typeof users], answer), { ...(grant && { grant }) }),
      );
      expect([user, found.join(' ')]).toEqual([user, expected]);
    }
  });

  it('is none without an administrator if the grant is unreadable or the portal came by webhook', () => {
    for (const here of [{ isUnreadable: true }, { isByWebhook: true }])
      for (const userId of Object.values(users)) {
        const found = Object.values(answers).map((answer) => decideReplacement(by(userId, answer), here));
        expect(found).toEqual(['replace', 'nothing', 'nothing']);
      }
  });

  it('never concerns a working grant, another user’s, another app’s or a webhook without an administrator', () => {
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const id = fc.constantFrom(1, 2, 6);
    const app = maybe(fc.constantFrom('a_0123456789abcdef', 'a_fedcba9876543210'));
    const code = fc.constantFrom<GrantIssue['code']>(
      ...(['reauthorization_required', 'portal_payment_required', 'portal_uninstalled', 'portal_deleted'] as const),
      ...(['authorization_server_error', 'portal_unreachable'] as const),
    );
    const grant = fc.record({ userId: maybe(id), app, hasPair: fc.boolean(), code: maybe(code) });
    const newcomer = fc.record({ userId: maybe(id), app, administrator: fc.constantFrom(false, undefined) });
    const takes: readonly Replacement[] = ['replace', 'first', 'revive'];
    fc.assert(
      fc.property(maybe(grant), newcomer, fc.boolean(), fc.boolean(), (held, who, isUnreadable, isByWebhook) => {
        const here = {
          ...(held && {
            grant: {
              version: 1,
              ...(held.userId !== undefined && { userId: held.userId }),
              ...(held.app !== undefined && { app: held.app }),
              ...(held.hasPair && { pair }),
              ...(held.code && { issue: troubled(held.code) }),
            },
          }),
          isUnreadable,
          isByWebhook,
        };
        const asked = { ...by(who.userId, who.administrator), ...(who.app !== undefined && { app: who.app }) };
        if (!takes.includes(decideReplacement(asked, here))) return;
        expect([isUnreadable, isByWebhook]).toEqual([false, false]);
        if (!held) return;
        const isGone = ['reauthorization_required', 'portal_uninstalled', 'portal_deleted'].includes(held.code ?? '');
        expect(held).toMatchObject({ userId: who.userId, app: who.app });
        expect([who.userId !== undefined, isGone || !held.hasPair]).toEqual([true, true]);
      }),
      { numRuns: 2000 },
    );
  });
});
