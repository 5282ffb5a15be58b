import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { lastingPort, Launcher } from '../support/launcher';
import { DocPage } from '../support/pages';
import { RedisServer } from '../support/redis-server';

/** The pages that a stranger walks through. A fence marked `run` is run; one marked `answer` is what comes of it. */
const walks = ['README.md', 'docs/quick-start.md', 'docs/registering-the-app.md', 'docs/faq.md'];
/** What only the reader has, or does: an app, an address, a portal, the start itself. */
const readers = /…|gw\.example\.com|npm start/;

describe('a stranger’s walk', () => {
  let folder: string;
  let port: number;
  let redis: RedisServer;
  let launcher: Launcher;
  let terminal: Terminal | undefined;

  beforeAll(async () => {
    [folder, port] = [await mkdtemp(join(tmpdir(), 'b24-walk-')), await lastingPort()];
    // Two launchers that look for a Redis's port at the same time may find the same one; start.e2e.spec.ts tries its own.
    redis = await RedisServer.start();
    launcher = new Launcher({ DATA_DIR: folder, PORT: `${port}`, REDIS_URL: redis.url });
    await launcher.says('Ctrl-C stops everything');
  }, 120_000);
  afterEach(() => terminal?.close());
  afterAll(async () => {
    await launcher.interrupt();
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(walks)('through %s comes to the answers that are shown', async (path) => {
    const { fences } = new DocPage(path);
    terminal = new Terminal();
    const here = (text: string) =>
      text
        .replaceAll(/data\/(?=admin-(?:key|header)\b)/g, `${folder}/`)
        .replaceAll('127.0.0.1:3000', `127.0.0.1:${port}`);
    let ran = 0;
    for (const [i, { marks, text }] of fences.entries()) {
      if (!marks.includes('run')) continue;
      ran++;
      const said = await terminal.run(here(text));
      const shown = fences[i + 1];
      const answered = { text, ...said, answer: parsed(said.output) };
      expect(answered).toMatchObject({ status: 0 });
      if (shown?.marks.includes('answer')) expect(answered).toMatchObject({ answer: likeness(JSON.parse(shown.text)) });
      else expect(answered.answer).not.toHaveProperty('code');
    }
    expect(ran).toBeGreaterThan(0);
  });

  it.each(walks)('through %s can be run as it stands, but for what only the reader has', (path) => {
    const shell = new DocPage(path).fences.filter(({ lang }) => lang === 'sh' || lang === 'bash');
    const left = shell.filter(({ marks, text }) => !marks.includes('run') && !readers.test(text));
    expect(left.map(({ text }) => text)).toEqual([]);
  });
});

/** A shell that keeps what earlier commands set, as a person's does. */
class Terminal {
  private readonly shell: ChildProcess = spawn('bash', { stdio: ['pipe', 'pipe', 'inherit'] });
  private readonly lines = createInterface({ input: this.shell.stdout ?? process.stdin })[Symbol.asyncIterator]();

  async run(command: string): Promise<{ status: number; output: string }> {
    this.shell.stdin?.write(`${command}\necho; echo "end of snippet $?"\n`);
    const output: string[] = [];
    for (;;) {
      const { value = '', done } = await this.lines.next();
      const end = /^end of snippet (\d+)$/.exec(value);
      if (end) return { status: Number(end[1]), output: output.join('\n').trim() };
      if (done) return { status: -1, output: output.join('\n') };
      output.push(value);
    }
  }

  close(): void {
    this.shell.stdin?.end();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Words are the same; ids, times and sentences are of the same kind; there may be more fields and more items. */
function likeness(shown: unknown): unknown {
  if (Array.isArray(shown)) return expect.arrayContaining(shown.map(likeness));
  if (typeof shown === 'object' && shown !== null)
    return expect.objectContaining(Object.fromEntries(Object.entries(shown).map(([key, it]) => [key, likeness(it)])));
  if (typeof shown === 'string') return /^[a-z_:-]+$/.test(shown) ? shown : expect.any(String);
  return expect.any(typeof shown === 'number' ? Number : Boolean);
}
