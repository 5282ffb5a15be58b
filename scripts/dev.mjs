import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { main, say } from './launch/say.mjs';

/*
 * `npm run dev`: runs what `npm start` runs (the gateway, its own Redis, and the portal simulator if no app is set),
 * and rebuilds and restarts it whenever a source file changes. The data folder is preserved across restarts.
 */

const folders = ['apps', 'libs'];
const ignored = /(?:^|[\\/])(?:dist|node_modules)[\\/]|\.spec\.tsx?$|\.md$/;
/** A pause before the rebuild, because editors write a file in several steps, and a checkout changes file by file. */
const quietMs = 300;

main(async () => {
  process.chdir(new URL('..', import.meta.url).pathname);
  let child;
  let timer;
  let stopping = false;

  const launch = () => {
    child = spawn(process.execPath, ['scripts/start.mjs'], { stdio: 'inherit', detached: true });
    const launched = child;
    launched.once('exit', (code) => {
      if (code && !stopping && child === launched) say('Waiting for a change …');
    });
  };
  const stop = async () => {
    const ending = child;
    child = undefined;
    if (ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill('SIGTERM');
    await ended;
  };
  let restarting = Promise.resolve();
  const restart = (file) => {
    restarting = restarting.then(async () => {
      if (stopping) return;
      say(`\n${file} changed.`);
      await stop();
      if (!stopping) launch();
    });
  };

  for (const folder of folders) {
    watch(folder, { recursive: true }, (_event, file) => {
      if (!file || ignored.test(file)) return;
      clearTimeout(timer);
      timer = setTimeout(restart, quietMs, `${folder}/${file}`);
    });
  }
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, async () => {
      stopping = true;
      clearTimeout(timer);
      await restarting;
      if (child) await stop();
      process.exit(0);
    });
  }
  launch();
});
