import { readFileSync } from 'node:fs';
import { main, say, Stop } from './launch/say.mjs';

/** Returns the section of CHANGELOG.md for a version, which must have a date and match package.json. */
main(async () => {
  const version = process.argv[2] ?? '';
  const inPackage = JSON.parse(readFileSync('package.json', 'utf8')).version;
  if (version !== inPackage) throw new Stop(`package.json is at ${inPackage}, the tag says ${version || 'nothing'}.`);
  const sections = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m);
  const section = sections.find((it) => it.startsWith(`${version} – `));
  if (!section) throw new Stop(`CHANGELOG.md has no section for ${version}.`);
  const [title = '', ...lines] = section.split('\n');
  if (!/\d{4}-\d{2}-\d{2}$/.test(title)) throw new Stop(`CHANGELOG.md does not say when ${version} came out.`);
  say(lines.join('\n').trim());
});
