import { spawnSync } from 'node:child_process';
import { say } from './say.mjs';
import { works } from './system-package.mjs';

const debianGo = { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode' };

/** Says whether the tests of the Helm chart run: they need helm, or Go with the libraries that helm renders with. */
export function reportChartRenderer() {
  if (works(process.env.HELM ?? 'helm', ['version'])) return;
  const checked = spawnSync('go', ['vet', './test/support/chart-renderer'], { stdio: 'ignore', env: debianGo });
  if (checked.status === 0) return;
  say(
    'SKIPPED: what renders the Helm chart is not tested. Install helm 3, or on Debian golang-go, golang-github-masterminds-sprig-dev and golang-k8s-sigs-yaml-dev; or set HELM to its program.',
  );
}
