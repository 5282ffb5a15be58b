import { CommanderError } from 'commander';
import { GatewayApi } from './gateway-api';
import { Output, type Stream } from './output';
import { CommandFailure } from './command-failure';
import { programOf } from './program';
import { type Environment, targetOf, type TargetOptions } from './target';

export interface Io {
  readonly env: Environment;
  readonly stdout: Stream;
  readonly stderr: Stream;
}

/** 0: done, 1: it came to nothing, 2: it was not understood. */
export type ExitCode = 0 | 1 | 2;

/** One command from its words to its exit code. Never rejects. */
export async function runCommand(words: readonly string[], { stdout, stderr, ...given }: Io): Promise<ExitCode> {
  // What is set to nothing is not set.
  const env = Object.fromEntries(Object.entries(given.env).filter(([, value]) => value !== ''));
  const paper = new Output(stdout, stderr, words.includes('--json'), env['NO_COLOR']);
  const verdict = { healthy: true };
  const program = programOf({
    env,
    paper,
    verdict,
    reach: async (options: TargetOptions) => ({ paper, api: new GatewayApi(await targetOf(options, env)) }),
  });
  try {
    await program.parseAsync([...words], { from: 'user' });
    return verdict.healthy ? 0 : 1;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = failureOf(error);
    // Its help, which was printed, says it all; a program reads the problem.
    if (!isHelp(error) || paper.json) paper.fail(failure);
    return failure.exitCode;
  }
}

function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof CommanderError) return CommandFailure.of('wrong_usage', usageOf(error));
  return CommandFailure.of(
    'bug',
    `Please report this: ${error instanceof Error ? error.message : 'an unknown error'}.`,
  );
}

/** Whether a command that only groups others was named alone. */
function isHelp(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help';
}

/** What was typed is repeated by name only: somebody may have put a key there. */
function usageOf({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'Name a command: `--help` has them all.';
  const words = message
    .replace(/^error: /, '')
    .replace(/(?<![\w-])(--?\w[\w-]*)=[^'\s]*/g, '$1')
    .replace(/[\w-]{24,}/g, '[…]')
    .replace(/\n\((.*)\)$/, '. $1');
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.?]$/.test(words) ? '' : '.'} \`--help\` says what is understood.`;
}
