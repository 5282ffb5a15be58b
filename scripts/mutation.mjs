import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Stryker } from '@stryker-mutator/core';
import { main, say, Stop } from './launch/say.mjs';
import { mutatedFilesOf, roomOf, rooms, specsOf } from './mutation/rooms.mjs';

/*
 * `npm run mutation [-- --room <room> | --mutate <path,…> [--specs <path,…>]] [--force]` changes the code in one small way
 * at a time and runs the specs that cover the change. Prints each change that no spec notices, and the share of the noticed
 * ones: docs/mutation.md. Reports are in .tmp/mutation; a later run checks only what has changed since, unless --force is
 * given.
 */

const folder = '.tmp/mutation';
const detected = ['Killed', 'Timeout'];
const undetected = ['Survived', 'NoCoverage'];

main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  const { values } = parseArgs({
    options: {
      ...{ room: { type: 'string' }, mutate: { type: 'string' } },
      ...{ specs: { type: 'string' }, force: { type: 'boolean' } },
    },
  });
  for (const room of chosenRooms(values)) {
    const mutants = await mutate(room, values);
    report(room, mutants);
  }
});

function chosenRooms({ room, mutate: paths }) {
  const name = room ?? (paths && roomOf(paths));
  if (name && !rooms.includes(name))
    throw new Stop(`No room under mutation testing: ${name}. Rooms: ${rooms.join(', ')}`);
  return name ? [name] : rooms;
}

/** Returns the results of one room. */
async function mutate(room, { mutate: paths, specs, force = false }) {
  mkdirSync(folder, { recursive: true });
  process.env.MUTATION_SPECS = specs?.replaceAll(',', ' ') ?? specsOf(room).join(' ');
  return new Stryker({
    mutate: paths ? paths.split(',') : mutatedFilesOf(room),
    plugins: ['@stryker-mutator/jest-runner'],
    testRunner: 'jest',
    // Only the specs that import the changed file are loaded.
    jest: { projectType: 'custom', configFile: 'scripts/mutation/jest.config.cjs', enableFindRelatedTests: true },
    coverageAnalysis: 'perTest',
    // A mutant in code that runs when a module is loaded needs every spec of the room.
    ignoreStatic: true,
    concurrency: 2,
    timeoutMS: 10_000,
    // The results of chosen specs say nothing about the others.
    incremental: specs === undefined,
    incrementalFile: `${folder}/${room}.json`,
    force,
    tempDirName: `${folder}/sandbox`,
    ignorePatterns: ['/dist', '/data', '/.tmp', '/docs'],
    reporters: [process.stdout.isTTY ? 'progress' : 'progress-append-only', 'html'],
    htmlReporter: { fileName: `${folder}/${room}.html` },
    cleanTempDir: 'always',
    allowConsoleColors: false,
    logLevel: 'warn',
    disableTypeChecks: false,
  }).runMutationTest();
}

function report(room, mutants) {
  for (const mutant of mutants.filter(({ status }) => undetected.includes(status)).sort(byPlace)) say(lineOf(mutant));
  say(`${room}: ${scoreOf(mutants)}`);
  for (const file of [...new Set(mutants.map(({ fileName }) => fileName))].sort()) {
    say(`  ${nameOf(file)}: ${scoreOf(mutants.filter(({ fileName }) => fileName === file))}`);
  }
}

function scoreOf(mutants) {
  const count = (statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
  const noticed = count(detected);
  const all = noticed + count(undetected);
  return `${all === 0 ? '–' : ((100 * noticed) / all).toFixed(1)} % (${noticed} of ${all})`;
}

function lineOf({ fileName, location, status, mutatorName, replacement }) {
  const change = (replacement ?? '').replace(/\s+/g, ' ').slice(0, 100);
  return `${nameOf(fileName)}:${location.start.line}:${location.start.column} ${status} ${mutatorName}: ${change}`;
}

const nameOf = (path) => path.slice(path.indexOf('libs/'));
const byPlace = (a, b) =>
  nameOf(a.fileName).localeCompare(nameOf(b.fileName)) || a.location.start.line - b.location.start.line;
