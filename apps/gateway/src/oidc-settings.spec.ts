import { readSettings } from './settings';

const required = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  ADMIN_KEY: 'wJ8dS2kfPq0vZ4xTn7LbR1mYcE6hUgAo',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
};
const provider = {
  OIDC_ISSUER: 'https://sso.example.com/realms/staff',
  OIDC_CLIENT_ID: 'gw',
  OIDC_CLIENT_SECRET: 'do not print me',
  OIDC_ADMINS: 'gw-admins, ada@example.com',
};
const read = (more: Record<string, string>) => readSettings({ ...required, ...more });

describe('the settings of the identity provider', () => {
  it('are absent unless somebody sets them', () => {
    expect(read({}).oidc).toBeUndefined();
  });

  it('name the provider, and who has a role', () => {
    const { oidc } = read(provider);
    expect(oidc).toMatchObject({
      name: 'sso.example.com',
      scope: 'openid email profile',
      rolesClaim: 'groups',
      people: { viewer: [], operator: [], admin: ['gw-admins', 'ada@example.com'] },
    });
    expect(JSON.stringify(oidc)).not.toContain('do not print me');
  });

  it.each([
    ['http elsewhere', { OIDC_ISSUER: 'http://sso.example.com' }, /OIDC_ISSUER must be the https URL/],
    ['a host that only looks local', { OIDC_ISSUER: 'http://127.0.0.1.evil.example' }, /OIDC_ISSUER must be/],
    ['a password in the issuer', { OIDC_ISSUER: 'https://a:b@sso.example.com' }, /OIDC_ISSUER must be/],
    ['a query in the issuer', { OIDC_ISSUER: 'https://sso.example.com/?a=b' }, /OIDC_ISSUER must be/],
    ['no secret', { OIDC_CLIENT_SECRET: '' }, /Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET/],
    ['nobody with a role', { OIDC_ADMINS: ' , ' }, /Nobody could sign in/],
    [
      'people without an issuer',
      { OIDC_ISSUER: '', OIDC_CLIENT_ID: '', OIDC_CLIENT_SECRET: '' },
      /OIDC_ISSUER is missing/,
    ],
    ['a scope that is none', { OIDC_SCOPE: 'email' }, /OIDC_SCOPE must be scopes/],
  ])('are refused with %s', (_what, more, sentence) => {
    expect(() => read({ ...provider, ...more })).toThrow(sentence);
  });

  it.each(['http://localhost:8080/realms/a', 'http://127.0.0.1:1', 'http://[::1]:1'])(
    'take http of this machine: %s',
    (OIDC_ISSUER) => {
      expect(read({ ...provider, OIDC_ISSUER }).oidc?.issuer).toBe(OIDC_ISSUER);
    },
  );
});
