import { runCommand } from '../run-command';

/** Runs a command without a gateway, a key or a colour. */
async function run(...words: string[]) {
  const written = { stdout: '', stderr: '' };
  const to = (name: keyof typeof written) => ({
    write: (text: unknown) => {
      written[name] += String(text);
      return true;
    },
  });
  const code = await runCommand(words, { env: {}, stdout: to('stdout'), stderr: to('stderr') });
  return { code, ...written };
}

describe('the methods of the command line', () => {
  it('finds methods by words, with what each takes', async () => {
    const { code, stdout, stderr } = await run('methods', 'find', 'who', 'is', 'the', 'current', 'user');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')[0]).toMatch(/^METHOD +EFFECT +PERMISSION +USE INSTEAD +PARAMETERS$/);
    expect(stdout.split('\n')[1]).toMatch(/^user\.current +read /);
  });

  it('says that nothing matches, and prints an empty list for programs', async () => {
    expect((await run('methods', 'find', 'zzzz')).stdout).toBe('No method matches these words.\n');
    expect((await run('methods', 'find', 'zzzz', '--json')).stdout).toBe('{"methods":[]}\n');
  });

  it('describes a method with its parameters, indented below each other, and as one document', async () => {
    const { stdout } = await run('methods', 'describe', 'AI.engine.register');
    expect(stdout).toMatch(/^ai\.engine\.register\n/);
    expect(stdout).toContain('\n    name: string, required\n');
    expect(stdout).toContain('\n    category: string, required (text, image, audio, call)\n      file: string\n');
    const { stdout: json } = await run('methods', 'describe', 'user.current', '--json');
    expect(JSON.parse(json)).toMatchObject({ method: 'user.current', effect: 'read', parameters: {} });
    expect((await run('methods', 'describe', 'user.current')).stdout).toContain('  parameters\n    none\n');
  });

  it('suggests what a misspelt name may stand for, and ends with 1', async () => {
    const { code, stdout, stderr } = await run('methods', 'describe', 'crm.deals.list');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('✗ unknown_method: The catalog has no such method\n  Did you mean crm.deal.list');
    expect((await run('methods', 'describe', 'nothing.at.all', '--json')).stderr).toContain('methods find');
  });
});
