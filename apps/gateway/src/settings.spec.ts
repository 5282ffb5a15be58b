import { BadSettings, readSettings } from './settings';

const good = {
  REDIS_URL: 'redis://:hidden-password@127.0.0.1:6379',
  ADMIN_KEY: 'kZ3v9QmT7xWb1RcY5uHs8JdF2nLp6GaE4oVi',
  ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
  B24_CLIENT_ID: 'local.1',
  B24_CLIENT_SECRET: 'hidden-secret',
};

/** What is said of an environment. */
function mistakes(env: Record<string, string | undefined>): readonly string[] {
  try {
    readSettings(env);
    return [];
  } catch (error) {
    return (error as BadSettings).sentences;
  }
}

describe('the settings', () => {
  it('need no more than a store and keys, and are safe by default', () => {
    const settings = readSettings(good);
    expect(settings).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://127.0.0.1:3000',
      queueLimit: 1000,
      crossReplicaBatching: true,
    });
    expect(settings.plan).toEqual({ burst: 50, drainPerSecond: 2 });
    expect(settings.rules.allowHttp).toBe(false);
    expect(settings.oauthServers[0]).toBe('https://oauth.bitrix.info');
    expect(
      ['acme.bitrix24.de', 'evil.example', 'bitrix24.de.evil.example'].map((it) => settings.rules.hosts.allows(it)),
    ).toEqual([true, false, false]);
  });

  it('name everything that is missing at once', () => {
    const said = mistakes({}).join('\n');
    for (const name of ['REDIS_URL', 'ADMIN_KEY', 'ENCRYPTION_KEYS']) expect(said).toContain(`${name} is missing`);
  });

  it('name an app, or none and the first comes by the API, but never half of one', () => {
    const { B24_CLIENT_ID, B24_CLIENT_SECRET, ...appless } = good;
    expect(readSettings(appless).app).toBeUndefined();
    expect(readSettings(good).app).toMatchObject({ clientId: 'local.1' });
    for (const half of [{ B24_CLIENT_ID }, { B24_CLIENT_SECRET }, { B24_CLIENT_ID, B24_CLIENT_SECRET: '' }])
      expect(mistakes({ ...appless, ...half })).toEqual([expect.stringContaining('Set both B24_CLIENT_ID and')]);
  });

  it.each([
    ['PORT', '70000'],
    ['PORT', 'eighty'],
    ['PUBLIC_URL', 'gw.example.com'],
    ['REDIS_URL', 'localhost:6379'],
    ['ADMIN_KEY', 'short'],
    ['ADMIN_KEY', 'x'.repeat(32)],
    ['ADMIN_KEY', 'changeme'.repeat(8)],
    ['ADMIN_KEY', 'a key of words, which no header can carry'],
    ['ENCRYPTION_KEYS', 'k1:c2hvcnQ='],
    ['ENCRYPTION_KEYS', `${good.ENCRYPTION_KEYS},broken`],
    ['ENCRYPTION_KEYS', `${good.ENCRYPTION_KEYS},${good.ENCRYPTION_KEYS}`],
    ['B24_OAUTH_SERVER', 'ftp://x'],
    ['B24_OAUTH_SERVER', 'http://plain.example'],
    ['B24_PORTAL_HOSTS', '10.0.0.0/99'],
    ['B24_ALLOW_HTTP', 'yes'],
    ['B24_BURST', '4'],
    ['B24_DRAIN_PER_SECOND', '25'],
    ['QUEUE_LIMIT', '0'],
    ['CALL_TIMEOUT_MS', '120001'],
    ['LOG_LEVEL', 'loud'],
    ['TRUSTED_PROXIES', 'everyone'],
    ['TRUSTED_PROXIES', '10.0.0.0/8,proxy.example'],
    ['TRUSTED_PROXIES', '10.0.0.0/33'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://app.example.com/'],
    ['CORS_ORIGINS', 'app.example.com'],
    ['AUDIT_KEEP', '1'],
    ['CALL_LOG_MIB', '-1'],
    ['HISTORY_PORTALS', 'all'],
    ['SANDBOX_URL', 'http://127.0.0.1:4400'],
  ])('refuse %s=%s in one sentence that names it', (name, value) => {
    const said = mistakes({ ...good, [name]: value });
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/\.$/);
    expect(said[0]).toContain(name);
  });

  it.each([
    ['https://gw.example.com', []],
    ['https://gw.example.com/', []],
    ['http://127.0.0.1:3000', []],
    ['http://localhost:3000', []],
    ['http://[::1]:3000', []],
    [undefined, []],
    ['http://gw.example.com', [expect.stringContaining('MCP_OAUTH needs a PUBLIC_URL with https')]],
    ['http://localhost.evil.example', [expect.stringContaining('MCP_OAUTH')]],
    ['https://gw.example.com/below', [expect.stringContaining('without a path')]],
    ['https://gw.example.com/?x', [expect.stringContaining('MCP_OAUTH')]],
  ])(
    'let assistants connect by OAuth only where keys may be entered and metadata are found: %s',
    (PUBLIC_URL, said) => {
      expect(mistakes({ ...good, PUBLIC_URL })).toEqual([]);
      expect(mistakes({ ...good, PUBLIC_URL, MCP_OAUTH: 'true' })).toEqual(said);
      expect(readSettings(good).mcpOauth).toBe(false);
    },
  );

  it('name every mistake at once, also what two settings are to each other', () => {
    const said = mistakes({
      ...good,
      PORT: 'x',
      ADMIN_KEY: '',
      B24_BURST: '4',
      B24_OAUTH_SERVER: 'http://plain.example',
    });
    expect(said.map((sentence) => sentence.split(' ')[0])).toEqual([
      'PORT',
      'ADMIN_KEY',
      'B24_OAUTH_SERVER',
      'B24_BURST',
    ]);
  });

  it('take a sandbox at the loopback address of a demo only', () => {
    const demo = { ...good, B24_ALLOW_HTTP: 'true' };
    expect(readSettings({ ...demo, SANDBOX_URL: 'http://127.0.0.1:4400' }).sandboxUrl).toBe('http://127.0.0.1:4400');
    for (const SANDBOX_URL of ['http://10.0.0.1:4400', 'https://127.0.0.1:4400', 'http://127.0.0.1:4400/x'])
      expect(mistakes({ ...demo, SANDBOX_URL })).toHaveLength(1);
  });

  it('take several encryption keys, of which the first one writes', () => {
    const older = `k0:${Buffer.alloc(32, 2).toString('base64')}`;
    const { encryptionKeys } = readSettings({ ...good, ENCRYPTION_KEYS: `${good.ENCRYPTION_KEYS}, ${older}` });
    expect(encryptionKeys.map(({ id, key }) => [id, key[0]])).toEqual([
      ['k1', 1],
      ['k0', 2],
    ]);
  });

  it('take an empty variable as one that is not set', () => {
    expect(mistakes({ ...good, PORT: '', LOG_LEVEL: '' })).toEqual([]);
  });

  it('never repeat a secret, neither in a mistake nor when they are printed', () => {
    const said = mistakes({ ...good, PORT: 'x', ENCRYPTION_KEYS: 'hidden-key' }).join();
    expect(said).not.toContain('hidden');
    expect(JSON.stringify(readSettings(good).app)).not.toContain('hidden');
  });
});
