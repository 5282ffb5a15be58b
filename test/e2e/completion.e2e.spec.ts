import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandLine, commandLineProgram } from '../support/command-line';

const isHere = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;
/** A shell that is not installed is reported as skipped. */
const inShell = (shell: string) => (isHere(shell) ? describe : describe.skip);

describe('completion', () => {
  const commandLine = new CommandLine();
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const fileOf = (shell: string) => join(folder, `completion.${shell}`);
  const run = (program: string, args: readonly string[]) =>
    execFileSync(program, args, { env, cwd: folder, encoding: 'utf8', timeout: 20_000 }).trim();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'b24-completion-'));
    symlinkSync(commandLineProgram, join(folder, 'b24-gateway'));
    env = { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, TERM: 'xterm' };
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout, stderr } = await commandLine.run(['completion', shell]);
      expect([code, stderr]).toEqual([0, '']);
      writeFileSync(fileOf(shell), stdout);
    }
    writeFileSync(join(folder, 'planning.key'), '');
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is for shells that it knows', async () => {
    const { code, stderr } = await commandLine.run(['completion', 'tcsh']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish')]);
  });

  inShell('bash')('in bash', () => {
    /** The words that bash offers when the tab key is pressed behind the last of these. */
    const offered = (...words: string[]) => {
      const quoted = ['b24-gateway', ...words].map((it) => `'${it}'`).join(' ');
      const press = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _b24_gateway; printf '%s\\n' "\${COMPREPLY[@]}"`;
      // Twice: a shell's start file may be read again.
      const read = `source ${fileOf('bash')}; source ${fileOf('bash')}`;
      return run('bash', ['--norc', '--noprofile', '-u', '-c', `${read}; ${press}`]).split('\n');
    };

    it('offers commands, those below them, and options', () => {
      expect(offered('po')).toEqual(['portals', 'portal']);
      expect(offered('keys', '')).toEqual([
        'list',
        'create',
        'edit',
        'rotate',
        'revoke',
        'assistants',
        'end-assistant',
      ]);
      expect(offered('keys', 'create', '--ra')).toEqual(['--rate-per-second']);
      expect(offered('completion', 'z')).toEqual(['zsh']);
    });

    it('finds its place behind options and their values, and runs nothing of what was typed', () => {
      expect(offered('--url', 'keys', '--json', 'keys', 're')).toEqual(['revoke']);
      const touched = join(folder, 'touched');
      offered('call', 'acme', `$(touch ${touched})`, '');
      expect(spawnSync('test', ['-e', touched]).status).toBe(1);
    });

    it('is what the shell uses for the command', () => {
      const line = run('bash', ['--norc', '-c', `source ${fileOf('bash')}; complete -p b24-gateway`]);
      expect(line).toBe('complete -o default -F _b24_gateway b24-gateway');
    });
  });

  inShell('fish')('in fish', () => {
    const offered = (line: string) =>
      run('fish', ['--no-config', '-c', `source ${fileOf('fish')}; complete -C '${line}'`])
        .split('\n')
        .map((it) => it.split('\t'));

    it('offers commands and options with what they do', () => {
      expect(offered('b24-gateway susp')).toEqual([['suspend', 'Stops every call to a portal until it is resumed.']]);
      expect(offered('b24-gateway keys ').map(([word]) => word)).toEqual(
        expect.arrayContaining(['list', 'create', 'rotate', 'revoke']),
      );
      expect(offered('b24-gateway --url keys --json keys re').map(([word]) => word)).toEqual(['revoke']);
      expect(offered('b24-gateway keys create --ra').map(([word]) => word)).toEqual(['--rate-per-second']);
      expect(offered('b24-gateway keys create --out pl').map(([word]) => word)).toEqual(['planning.key']);
    });
  });

  inShell('zsh')('in zsh', () => {
    beforeAll(() => {
      const lines = [
        'autoload -U compinit',
        'compinit -u -D',
        `source ${fileOf('zsh')}`,
        'show() { print -r -- "LINE=[$BUFFER]" }',
        'zle -N show',
        "bindkey '^X' show",
        'print ready',
      ];
      writeFileSync(join(folder, 'start.zsh'), lines.join('\n'));
    });

    /** What stands in the line of an interactive zsh after the tab key; Ctrl-X prints it, and `zpty -r` waits for that. */
    const completed = (line: string) => {
      const lines = [
        'zmodload zsh/zpty',
        'zpty shell zsh -f -i',
        `zpty -w shell 'source ${join(folder, 'start.zsh')}'`,
        "zpty -r -m shell output '*ready*'",
        `zpty -w -n shell $'${line}\\t\\x18'`,
        "zpty -r -m shell output '*LINE=*]*'",
        'print -r -- "$output"',
        'zpty -d shell',
      ];
      writeFileSync(join(folder, 'press.zsh'), lines.join('\n'));
      return /LINE=\[(.*)\]/.exec(run('zsh', ['-f', join(folder, 'press.zsh')]))?.[1];
    };

    it.each([
      ['b24-gateway susp', 'b24-gateway suspend '],
      ['b24-gateway keys rev', 'b24-gateway keys revoke '],
      ['b24-gateway --url keys keys rot', 'b24-gateway --url keys keys rotate '],
      ['b24-gateway keys create --rate', 'b24-gateway keys create --rate-per-second '],
      ['b24-gateway keys create --out plan', 'b24-gateway keys create --out planning.key '],
    ])('completes "%s"', (line, expected) => {
      expect(completed(line)).toBe(expected);
    });
  });
});
