import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

/*
 * Runs `npm run audit` if a registry answers. If none does, nothing was audited, which is not a failure: a check that
 * needs the network would fail for the wrong reason. The script then says so visibly. `AUDIT=required`, which the
 * release workflow sets, makes it a failure.
 */
const args = ['audit', '--omit=dev', '--json', '--package-lock-only', '--fetch-retries=0', '--fetch-timeout=10000'];
const { stdout } = spawnSync('npm', args, { encoding: 'utf8', timeout: 30_000, shell: process.platform === 'win32' });
const found = countsOf(stdout ?? '');

if (!found) {
  skip('SKIPPED: the dependencies were not audited for known holes, since no registry answered.');
} else if (found.high + found.critical > 0) {
  console.error(
    `Dependencies with known holes: ${found.critical} critical, ${found.high} high; see \`npm run audit\`.`,
  );
  process.exitCode = 1;
} else {
  console.log('Dependencies audited: none with a known hole of high severity.');
}

/**
 * Prints a line, an annotation and a summary in a GitHub run, so that a green run is not mistaken for an audited one.
 */
function skip(sentence) {
  console.log(sentence);
  const { GITHUB_ACTIONS, GITHUB_STEP_SUMMARY, AUDIT } = process.env;
  if (GITHUB_ACTIONS) console.log(`::warning title=Not audited::${sentence}`);
  if (GITHUB_STEP_SUMMARY) appendFileSync(GITHUB_STEP_SUMMARY, `${sentence}\n`);
  if (AUDIT !== 'required') return;
  console.error('AUDIT=required: an unaudited build is not released.');
  process.exitCode = 1;
}

/** Returns the vulnerabilities by severity; undefined when the registry gave no verdict. */
function countsOf(text) {
  try {
    return JSON.parse(text).metadata?.vulnerabilities;
  } catch {
    return undefined;
  }
}
