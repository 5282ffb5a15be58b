import type { JobItems } from '../api-types';

type CommandFailures = NonNullable<JobItems['items'][number]['failures']>;

/** Commands of a batch that failed in the same way, in order. */
interface FailureGroup {
  readonly code: string;
  readonly detail: string;
  readonly commands: readonly number[];
}

/** Numbers that are written out. */
const maxNumbers = 8;

export function groupFailures(failures: CommandFailures): FailureGroup[] {
  const groups = new Map<string, FailureGroup>();
  for (const { command, code, detail } of failures) {
    const key = JSON.stringify([code, detail]);
    groups.set(key, { code, detail, commands: [...(groups.get(key)?.commands ?? []), command] });
  }
  return [...groups.values()];
}

/** “Command 7”, “Commands 1, 2 and 50 more”. */
export function commandWords(commands: readonly number[]): string {
  if (commands.length === 1) return `Command ${commands[0]}`;
  const more = commands.length - maxNumbers;
  return `Commands ${commands.slice(0, maxNumbers).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
