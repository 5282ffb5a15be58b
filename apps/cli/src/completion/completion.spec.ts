import { Argument, Command, Option } from 'commander';
import { completedCommands } from './completed-command';
import { bashScript } from './bash-script';
import { fishScript } from './fish-script';
import { zshScript } from './zsh-script';

const program = new Command('b24-gateway').option('--url <url>', 'where it is').option('--json', 'as JSON');
const keys = program.command('keys').description('Keys of services.');
keys
  .command('create')
  .description("Makes a key: it's shown once.")
  .addOption(new Option('--kind <kind>', 'of what kind').choices(['short', 'long']));
program.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
const commands = completedCommands(program);

describe('what a shell completes', () => {
  it('is each command with its words, its own options and those of every command', () => {
    const shown = commands.map(({ path, words, options }) => [
      path,
      words.map(({ word }) => word),
      options.map(({ word }) => word),
    ]);
    expect(shown).toEqual([
      ['', ['keys', 'completion'], ['--url', '--json', '--help']],
      ['keys', ['create'], ['--url', '--json', '--help']],
      ['keys create', [], ['--kind', '--url', '--json', '--help']],
      ['completion', ['bash', 'zsh'], ['--url', '--json', '--help']],
    ]);
    expect(commands[2]?.options[0]).toMatchObject({ takesValue: true, values: ['short', 'long'] });
  });

  it('has a description that ends no quote, in any shell', () => {
    expect(zshScript(commands)).toContain(`'create:Makes a key\\: it'\\''s shown once.'`);
    expect(fishScript(commands)).toContain(`-d 'Makes a key: it\\'s shown once.'`);
    expect(bashScript(commands)).not.toContain('shown once');
  });
});
