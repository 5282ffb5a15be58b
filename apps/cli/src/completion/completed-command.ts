import type { Command, Option } from 'commander';

/** What a shell may offer at one place of a command line. */
export interface CompletedWord {
  readonly word: string;
  readonly about: string;
}

export interface CompletedOption extends CompletedWord {
  readonly takesValue: boolean;
  /** The values that it takes, if they are few. */
  readonly values: readonly string[];
}

/** A command as a shell completes it; the program itself is the one with an empty path. */
export interface CompletedCommand {
  /** The words after the program's name, such as `keys create`. */
  readonly path: string;
  /** Commands below it, and the values of its first argument, if they are few. */
  readonly words: readonly CompletedWord[];
  readonly options: readonly CompletedOption[];
}

/** Returns the program and every command below it, with the options that each understands. */
export function completedCommands(program: Command): CompletedCommand[] {
  const everywhere = program.options.filter(({ long }) => long !== '--version');
  const below = (command: Command, path: string): CompletedCommand[] => [
    { path, words: wordsOf(command), options: optionsOf(command, command === program ? [] : everywhere) },
    ...command.commands.flatMap((it) => below(it, `${path} ${it.name()}`.trim())),
  ];
  return below(program, '');
}

function wordsOf(command: Command): CompletedWord[] {
  const commands = command.commands.map((it) => ({ word: it.name(), about: it.summary() || it.description() }));
  const [first] = command.registeredArguments;
  return [...commands, ...(first?.argChoices ?? []).map((word) => ({ word, about: first?.description ?? '' }))];
}

function optionsOf({ options }: Command, everywhere: readonly Option[]): CompletedOption[] {
  const help = { word: '--help', about: 'display help for command', takesValue: false, values: [] };
  const own = [...options, ...everywhere].map(({ long, description: about, required, optional, argChoices }) => ({
    ...{ word: long ?? '', about, takesValue: required || optional, values: argChoices ?? [] },
  }));
  return [...own, help];
}

/** Returns the words after which a value follows. */
export function valueOptions(commands: readonly CompletedCommand[]): string[] {
  const words = commands.flatMap(({ options }) =>
    options.filter(({ takesValue }) => takesValue).map(({ word }) => word),
  );
  return [...new Set(words)];
}

/** Quotes a text for a POSIX shell and for zsh. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
