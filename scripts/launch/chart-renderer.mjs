import { spawnSync } from 'node:child_process';
import { say, Stop } from './say.mjs';
import { findOrInstall, works } from './system-package.mjs';

/** Debian has no helm, but Go and the libraries that helm renders with: test/support/chart-renderer. */
const packages = {
  'apt-get': 'golang-go golang-github-masterminds-sprig-dev golang-k8s-sigs-yaml-dev',
  dnf: 'helm',
  apk: 'helm',
  pacman: 'helm',
  brew: 'helm',
};
const advice = 'Install helm 3, or set HELM to its program.';
const debianGo = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode' };

function findChartRenderer() {
  const helm = process.env.HELM ?? 'helm';
  if (works(helm, ['version'])) return helm;
  const checked = spawnSync('go', ['vet', './test/support/chart-renderer'], { stdio: 'ignore', env: debianGo });
  return checked.status === 0 ? 'go' : undefined;
}

/** Installs what renders the Helm chart. Where that is not possible, the tests of the chart are skipped, except in CI. */
export async function installChartRenderer() {
  try {
    await findOrInstall(findChartRenderer, { what: 'helm', packages, advice });
  } catch (error) {
    if (!(error instanceof Stop) || process.env.CI) throw error;
    say(`The tests of the Helm chart are skipped: ${error.message}`);
  }
}
