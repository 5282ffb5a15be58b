import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkEffects, correct, decidedEffects } from './catalog/corrections.mjs';
import { dataFileOf } from './catalog/data-file.mjs';
import { effectsPage } from './catalog/effects-page.mjs';
import { readAll } from './catalog/read-all.mjs';
import { recordOf } from './catalog/record.mjs';
import { figuresOf, reportOf } from './catalog/report.mjs';
import { sampleOf } from './catalog/sample.mjs';
import { main, say, Stop } from './launch/say.mjs';

const root = resolve(import.meta.dirname, '..');
const repository = 'https://github.com/bitrix24/b24restdocs';
const site = 'https://apidocs.bitrix24.com/';
const defaultOut = join(root, 'libs/catalog/src');

/**
 * Reads the vendor's documentation from the folder of a checkout, and writes the catalog and the page of effects. `--commit` and
 * `--date` name the version of a folder without .git; `--out` is another folder to write to; `--sample 60 --seed 1` prints names
 * to compare by eye.
 */
main(async () => {
  const { folder, out, sample, seed, corrections, ...version } = given();
  const decisions = JSON.parse(readFileSync(corrections, 'utf8'));
  const effects = decidedEffects(decisions);
  const { methods, repeated } = readAll(folder, effects);
  if (methods.size === 0) throw new Stop(`${folder} has no pages of methods.`);
  const records = new Map([...methods.values()].map((it) => [it.name, recordOf(it)]));
  checkEffects(methods, effects);
  correct(records, decisions);
  const source = { repository, site, license: 'MIT', ...versionOf(folder, version), news: latestNews(folder) };
  writeFileSync(join(out, 'methods.json'), dataFileOf(source, records));
  const doubts = [...methods.values()].filter(({ doubt, name }) => doubt && !effects.has(name.toLowerCase()));
  writeFileSync(
    join(out === defaultOut ? join(root, 'docs') : out, 'catalog-effects.md'),
    effectsPage(records, decisions, doubts),
  );
  for (const line of reportOf(figuresOf(records))) say(line);
  for (const { name, page } of repeated) say(`${name} is described a second time by ${page}`);
  for (const name of sampleOf(records.keys(), sample, seed)) say(`sampled ${name}`);
});

function given() {
  const text = { type: 'string' };
  const options = { commit: text, date: text, out: text, sample: text, seed: text, corrections: text };
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [folder] = positionals;
  if (!folder) throw new Stop('Usage: npm run catalog -- <folder of a checkout of b24restdocs>');
  return {
    folder: resolve(folder),
    out: values.out ? resolve(values.out) : defaultOut,
    corrections: values.corrections ?? join(root, 'scripts/catalog/corrections.json'),
    sample: Number(values.sample ?? 0),
    seed: Number(values.seed ?? 1),
    commit: values.commit,
    date: values.date,
  };
}

/** Returns the commit and the date of a checkout. */
function versionOf(folder, { commit, date }) {
  if (commit && date) return { commit, date };
  if (!existsSync(join(folder, '.git'))) throw new Stop(`${folder} is no checkout: give --commit and --date.`);
  const git = (...args) => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();
  return { commit: git('rev-parse', 'HEAD'), date: git('log', '-1', '--format=%cs') };
}

/** Returns the date of the newest entry of the documentation's own list of changes. */
function latestNews(folder) {
  const file = join(folder, 'whats-new.md');
  const entry = existsSync(file) ? /^###\s+(\w+ \d+, \d{4})/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return entry && new Date(`${entry} UTC`).toISOString().slice(0, 10);
}
