import { BadSettings, readSettings, type Settings } from '../../../gateway/src/settings';
import type { Environment } from '../target';
import { type DoctorFinding, ok, problem } from './finding';
import { launchedSettings } from './launched';

export interface CheckedSettings {
  readonly findings: readonly DoctorFinding[];
  /** The environment, with what `npm start` keeps where it says nothing. */
  readonly env: Environment;
  /** Absent while any of them is wrong. */
  readonly settings?: Settings;
}

/** As the gateway's own start reads them; every mistake is a finding. */
export function checkSettings(given: Environment): CheckedSettings {
  const launched = launchedSettings(given);
  const env = { ...given, ...launched };
  try {
    const settings = readSettings(env);
    const names = Object.keys(launched);
    const from =
      names.length === 0 ? '' : ` ${names.join(', ')}: as \`npm start\` keeps ${names.length === 1 ? 'it' : 'them'}.`;
    return { env, settings, findings: [ok('settings', `All settings are valid.${from}`)] };
  } catch (error) {
    if (!(error instanceof BadSettings)) throw error;
    return { env, findings: error.sentences.map((sentence) => problem('settings', sentence)) };
  }
}
