import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/**
 * Runs jest with these arguments, and shows what it prints.
 * @returns ok, the numbers of tests `passed` and `failed`, and `files`: of each, its path, seconds and the tests that failed
 */
export async function runJest(args, env = process.env) {
  const folder = mkdtempSync(join(tmpdir(), 'b24-tests-'));
  const report = join(folder, 'report.json');
  // The report is written to the file, so jest need not print it as well.
  const reporting = ['node_modules/jest/bin/jest.js', '--ci', '--json', `--outputFile=${report}`];
  const code = await spawned([...reporting, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    return summaryOf(JSON.parse(readFileSync(report, 'utf8')), code);
  } catch {
    return { ok: false, passed: 0, failed: 1, files: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summaryOf({ numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults }, code) {
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { ok: code === 0, passed: numPassedTests, failed, files: testResults.map(fileOf) };
}

function fileOf({ name, startTime, endTime, assertionResults, message }) {
  const failures = assertionResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages }) => ({ test: fullName, message: failureMessages.join('\n') }));
  // A file that does not load, or whose hooks fail, has no test that failed.
  if (failures.length === 0 && message) failures.push({ test: 'the file', message });
  return { path: relative(process.cwd(), name), seconds: (endTime - startTime) / 1000, failures };
}

function spawned(args, options) {
  return new Promise((resolve) => {
    spawn(process.execPath, args, options).on('close', (code) => resolve(code ?? 1));
  });
}
