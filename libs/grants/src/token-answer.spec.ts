import fc from 'fast-check';
import { judgeTokenAnswer } from './token-answer';

const granted = {
  access_token: 'access-token',
  refresh_token: 'refresh-token',
  expires_in: 3600,
  client_endpoint: 'https://acme.bitrix24.de/rest/',
  member_id: 'a223c6b3710f85df22e9377d6c4f7553',
  scope: 'task, user',
  status: 'L',
  user_id: 6,
};
const judge = (body: unknown, status = 200) =>
  judgeTokenAnswer({ status, body: typeof body === 'string' ? body : JSON.stringify(body) }, 1_000_000);
const wrongs = [undefined, null, '', 'x', {}, [], true];
const error = (code: unknown, status = 400) => judge({ error: code, error_description: 'words' }, status);

describe('the answer of the token endpoint', () => {
  it('is a pair that expires by our clock, counted from the request', () => {
    const verdict = judge(granted);
    if (verdict.kind !== 'granted') throw new Error('not granted');
    const { pair, ...rest } = verdict.granted;
    expect(rest).toEqual({
      portal: granted.member_id,
      endpoint: granted.client_endpoint,
      scope: ['task', 'user'],
      licence: 'L',
      userId: 6,
    });
    expect(pair).toMatchObject({ expiresAtMs: 4_600_000, lifetimeMs: 3_600_000 });
    expect([pair.accessToken.reveal(), pair.refreshToken.reveal()]).toEqual(['access-token', 'refresh-token']);
    expect(JSON.stringify(verdict)).not.toContain('-token');
  });

  it('may omit the fields that the vendor omits, and contain numbers as text', () => {
    const { access_token, refresh_token, client_endpoint, member_id } = granted;
    expect(judge({ access_token, refresh_token, client_endpoint, member_id: member_id.toUpperCase() })).toMatchObject({
      kind: 'granted',
      granted: { portal: member_id, scope: [], pair: { lifetimeMs: 3_600_000 } },
    });
    expect(judge({ ...granted, expires_in: '60', user_id: '7' })).toMatchObject({
      granted: { userId: 7, pair: { lifetimeMs: 60_000 } },
    });
  });

  it.each(['access_token', 'refresh_token', 'member_id'])('is transient without a complete %s', (name) => {
    for (const wrong of wrongs) expect(judge({ ...granted, [name]: wrong })).toMatchObject({ kind: 'transient' });
  });

  it.each(['expires_in', 'client_endpoint', 'scope', 'status', 'user_id'])(
    'is a pair that is not lost for the sake of a strange %s',
    (name) => {
      for (const wrong of wrongs) {
        const verdict = judge({ ...granted, [name]: wrong });
        expect(verdict).toMatchObject({ kind: 'granted', granted: { portal: granted.member_id } });
        expect(verdict.kind === 'granted' && verdict.granted.pair.lifetimeMs > 0).toBe(true);
      }
    },
  );

  it('is transient when it is not the answer of a token endpoint', () => {
    for (const body of ['', '<html>', 'null', '[]', '"text"', '7', '{', '{}'])
      expect(judge(body)).toMatchObject({ kind: 'transient' });
    for (const status of [302, 404, 500, 502]) expect(judge(granted, status)).toMatchObject({ kind: 'transient' });
  });

  it('is a refusal by its code, in any case and with any HTTP status', () => {
    for (const status of [200, 400, 401, 500]) {
      expect(error('invalid_grant', status)).toMatchObject({ kind: 'refused', code: 'reauthorization_required' });
      expect(error('INVALID_GRANT', status)).toMatchObject({ kind: 'refused', code: 'reauthorization_required' });
    }
    expect(judge({ ...granted, error: 'wrong_client' })).toMatchObject({
      kind: 'refused',
      code: 'authorization_server_error',
    });
  });

  it('is a temporary refusal only where a person can resolve it without a new authorization', () => {
    for (const code of ['wrong_client', 'invalid_client', 'invalid_request', 'PAYMENT_REQUIRED'])
      expect(error(code)).toMatchObject({ kind: 'refused', forMs: expect.any(Number) });
    for (const code of ['invalid_grant', 'NO_AUTH_FOUND', 'NOT_INSTALLED', 'insufficient_scope', 'invalid_scope'])
      expect(error(code)).not.toHaveProperty('forMs');
  });

  it('is never a refusal for a code that is not in the rules, not even for a name that JavaScript knows', () => {
    fc.assert(fc.property(fc.string(), (code) => expect(error(`x${code}`)).toMatchObject({ kind: 'transient' })));
    for (const code of ['constructor', '__proto__', 'toString', '', 0, 100, null, true, 'INTERNAL_SERVER_ERROR'])
      expect(error(code)).toMatchObject({ kind: 'transient' });
  });
});
