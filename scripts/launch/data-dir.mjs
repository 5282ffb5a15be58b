import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Stop } from './say.mjs';

/**
 * The folder of the data that must survive a restart: keys, Redis data, the simulator's state. Only its owner can read
 * it.
 */
export class DataDir {
  constructor(path = process.env.DATA_DIR || './data') {
    this.path = resolve(path);
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      chmodSync(this.path, 0o700);
    } catch (error) {
      throw new Stop(`DATA_DIR ${this.path} can't be used (${error.code}). Set DATA_DIR to a folder you may write.`);
    }
  }

  at(...names) {
    return join(this.path, ...names);
  }

  folder(name) {
    mkdirSync(this.at(name), { recursive: true, mode: 0o700 });
    return this.at(name);
  }

  /** Returns a text that is created once and then stored; `fresh` is true if it was created just now. */
  kept(name, make) {
    const file = this.at(name);
    const fresh = !existsSync(file);
    if (fresh) writeFileSync(file, `${make()}\n`, { mode: 0o600 });
    return { text: readFileSync(file, 'utf8').trim(), fresh, file };
  }

  /** Writes a text that is derived from others at each start. */
  written(name, text) {
    const file = this.at(name);
    rmSync(file, { force: true });
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return file;
  }

  /** Allows one launcher per folder, because two would compete for its Redis. */
  lock() {
    const file = this.at('launcher.pid');
    const holder = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (holder && holder !== process.pid && isAlive(holder)) {
      throw new Stop(
        `Another \`npm start\` (process ${holder}) uses ${this.path}. Stop it, or set DATA_DIR to another folder.`,
      );
    }
    rmSync(file, { force: true });
    const handle = openSync(file, 'wx', 0o600);
    writeFileSync(handle, `${process.pid}`);
    closeSync(handle);
    process.on('exit', () => rmSync(file, { force: true }));
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

export const randomText = (bytes = 32) => randomBytes(bytes).toString('base64url');
export const newEncryptionKeys = () => `k1:${randomBytes(32).toString('base64')}`;
