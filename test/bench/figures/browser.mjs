import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';
import { findOrInstallChromium } from '../../../scripts/launch/chromium-binary.mjs';

/** The system's Chromium without a window; it draws on the processor. */
export async function launchChromium() {
  const found = await findOrInstallChromium();
  const executablePath = found.includes('/') ? found : execFileSync('which', [found]).toString().trim();
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}
