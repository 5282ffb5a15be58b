import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isAlive } from './data-dir.mjs';
import { until } from './ports.mjs';

/** A child process of the launcher: started, watched, and stopped in order. */
export class Child {
  constructor(name, command, args, { env = process.env, pidFile, onLine } = {}) {
    this.name = name;
    this.stopping = false;
    // Runs in a process group of its own, so that the terminal's Ctrl-C does not reach it before its turn.
    this.process = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    if (this.process.pid) writeFileSync(pidFile, `${this.process.pid}`);
    this.exited = once(this.process, 'exit')
      .catch(() => [undefined])
      .finally(() => rmSync(pidFile, { force: true }));
    this.errors = '';
    this.process.stderr.on('data', (chunk) => (this.errors = (this.errors + chunk).slice(-4000)));
    let rest = '';
    this.process.stdout.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      lines.forEach((line) => onLine?.(line));
    });
  }

  get running() {
    return this.process.exitCode === null && this.process.signalCode === null && this.process.pid !== undefined;
  }

  async stop(patienceMs) {
    this.stopping = true;
    if (!this.running) return;
    this.process.kill('SIGTERM');
    const patience = setTimeout(() => this.process.kill('SIGKILL'), patienceMs);
    await this.exited;
    clearTimeout(patience);
  }
}

/** Stops a child that a killed launcher left behind, before another takes its place. */
export async function endOrphan(pidFile, words) {
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  if (!pid || !isAlive(pid) || !words.test(commandOf(pid))) return;
  process.kill(pid, 'SIGTERM');
  if (!(await until(() => !isAlive(pid), { tries: 700 }))) process.kill(pid, 'SIGKILL');
}

/** Returns the command that runs under a process id, so that another program with a reused id is left alone. */
function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return spawnSync('ps', ['-o', 'command=', '-p', `${pid}`], { encoding: 'utf8' }).stdout ?? '';
  }
}
