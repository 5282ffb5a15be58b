import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadScripts } from './load-scripts';

const libs = join(__dirname, '..', '..');

function connection(): { defineCommand(name: string, definition: { lua: string; numberOfKeys?: number }): void } {
  const redis = {
    defineCommand(name: string, { lua, numberOfKeys }: { lua: string; numberOfKeys?: number }) {
      Reflect.set(redis, name, (...sent: unknown[]) => Promise.resolve({ lua, numberOfKeys, sent }));
    },
  };
  return redis;
}

describe('Lua scripts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'b24-scripts-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('become functions that send their keys and arguments', async () => {
    writeFileSync(join(folder, 'takeLease-1.lua'), 'return 1');
    const { takeLease } = loadScripts<{ takeLease: unknown }>(connection(), folder, { takeLease: 1 });
    expect(await takeLease('key', 5)).toEqual({ lua: 'return 1', numberOfKeys: 1, sent: ['key', 5] });
  });

  it('that take any number of keys get the number with each call', async () => {
    writeFileSync(join(folder, 'keepAll-n.lua'), 'return #KEYS');
    const { keepAll } = loadScripts<{ keepAll: unknown }>(connection(), folder, { keepAll: 'n' });
    expect(await keepAll(2, 'a', 'b')).toEqual({ lua: 'return #KEYS', sent: [2, 'a', 'b'] });
  });

  it('share fragments by include', async () => {
    writeFileSync(join(folder, 'now-0.lua'), '--[[ says when ]]\n--- @include "nowMs"\nreturn nowMs()\n');
    const { now } = loadScripts<{ now: { lua: string } }>(connection(), folder, { now: 0 });
    expect((await now()).lua).toMatch(
      /^--\[\[ says when \]\]\n.*\nlocal function nowMs\(\)[^@]*\nend\nreturn nowMs\(\)\n$/s,
    );
  });

  it('that are missing are reported when they are loaded', () => {
    expect(() => loadScripts<{ gone: unknown }>(connection(), folder, { gone: 1 })).toThrow(/gone-1\.lua/);
  });

  it('are named <verb><Noun>-<keys>.lua, and take the time of Redis from the shared fragment', () => {
    const files = readdirSync(libs, { recursive: true, encoding: 'utf8' }).filter((it) => it.endsWith('.lua'));
    expect(files.length).toBeGreaterThan(30);
    const misnamed = files.filter((it) => !/\/src\/(includes\/\w+|[a-z]+[A-Z]\w*-(\d|n))\.lua$/.test(it));
    expect(misnamed.filter((it) => !it.startsWith('queue/'))).toEqual([]);
  });
});
