import { BadSettings, readSettings, type Settings } from '../../../gateway/src/settings';
import type { Env } from '../reach';
import { type Finding, ok, problem } from './finding';
import { launchedSettings } from './launched';

export interface CheckedSettings {
  readonly findings: readonly Finding[];
  /** The environment, with what `npm start` keeps where it says nothing. */
  readonly env: Env;
  /** Absent while any of them is wrong. */
  readonly settings?: Settings;
}

/** As the gateway's own start reads them; every mistake is a finding. */
export function checkSettings(given: Env): CheckedSettings {
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
