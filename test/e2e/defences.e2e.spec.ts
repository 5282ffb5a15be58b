import { spawnSync } from 'node:child_process';

it('every defence that a test removes from the build is found in the build', () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['test/support/check-defences.mjs'], {
    encoding: 'utf8',
  });

  expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
});
