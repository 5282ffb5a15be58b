import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('the audit of dependencies', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'b24-audit-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** With an `npm` that prints this. */
  const audit = (printed: string, env: Record<string, string> = {}) => {
    writeFileSync(join(folder, 'npm'), `#!/bin/sh\ncat <<'END'\n${printed}\nEND\n`);
    chmodSync(join(folder, 'npm'), 0o755);
    const summary = join(folder, 'summary');
    writeFileSync(summary, '');
    const PATH = `${folder}:${process.env['PATH'] ?? ''}`;
    const options = { encoding: 'utf8', env: { PATH, GITHUB_STEP_SUMMARY: summary, ...env } } as const;
    const { status, stdout } = spawnSync(process.execPath, ['scripts/audit.mjs'], options);
    return { status, stdout, summary: readFileSync(summary, 'utf8') };
  };
  const counts = (high: number, critical: number) =>
    JSON.stringify({ metadata: { vulnerabilities: { info: 0, low: 0, moderate: 0, high, critical } } });

  it('passes when there is no known hole, and fails when there is one', () => {
    expect(audit(counts(0, 0))).toMatchObject({ status: 0, stdout: expect.stringContaining('none with a known hole') });
    expect([audit(counts(1, 0)).status, audit(counts(0, 1)).status]).toEqual([1, 1]);
  });

  it('is said to be skipped, everywhere that is looked at, when no registry answers', () => {
    const skipped = audit('{"error":{"code":"ENOAUDIT"}}', { GITHUB_ACTIONS: 'true' });
    expect(skipped).toMatchObject({ status: 0, summary: expect.stringContaining('not audited') });
    expect(skipped.stdout).toMatch(/^SKIPPED: [^]*^::warning title=Not audited::/m);
  });

  it('must have been made where it is required, as before a release', () => {
    expect(audit('', { AUDIT: 'required' }).status).toBe(1);
    expect(readFileSync('.github/workflows/release.yml', 'utf8')).toContain('AUDIT: required');
  });
});
