import { Stop } from './say.mjs';
import { findOrInstall, works } from './system-package.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome'];
const packages = { 'apt-get': 'chromium', dnf: 'chromium', apk: 'chromium', pacman: 'chromium', brew: 'chromium' };
const advice = 'Install Chromium, or set CHROMIUM to its program.';

function findChromium() {
  const named = process.env.CHROMIUM;
  if (named && !works(named)) throw new Stop(`CHROMIUM is ${named}, which does not run. ${advice}`);
  return named ?? names.find((name) => works(name));
}

/** Returns the browser for the tests of the console, installed with the system's package manager if there is none. */
export function findOrInstallChromium() {
  return findOrInstall(findChromium, { what: 'Chromium', packages, advice });
}
