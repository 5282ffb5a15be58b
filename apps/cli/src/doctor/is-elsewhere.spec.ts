import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isElsewhere } from './is-elsewhere';

describe('a gateway', () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'b24-elsewhere-'))));
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const remote = 'https://gw.example.com';
  const local = 'http://127.0.0.1:3000';

  it.each([
    ['elsewhere, if its URL is named and nothing here sets what it needs', remote, {}, true],
    ['elsewhere behind a forwarded port, too', local, {}, true],
    ['here, if no URL is named', undefined, {}, false],
    ['here, if a setting that it needs is set', remote, { REDIS_URL: 'redis://redis' }, false],
    ['elsewhere, whatever of it is set that no gateway needs', remote, { LOG_LEVEL: 'warn' }, true],
  ])('is %s', (_what, named, env, expected) => {
    expect(isElsewhere(named, { DATA_DIR: folder, ...env })).toBe(expected);
  });

  it('is here, if `npm start` stored its settings, and only at an address of this machine', () => {
    writeFileSync(join(folder, 'admin-key'), 'b24admin_x');
    const env = { DATA_DIR: folder };
    expect([local, 'http://localhost:3000', 'http://[::1]:3000', remote].map((url) => isElsewhere(url, env))).toEqual([
      ...[false, false, false],
      true,
    ]);
  });
});
