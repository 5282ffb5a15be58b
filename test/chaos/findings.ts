/** The claims that the suite checks at its end. */
export const questions = {
  crossed: "Nobody got another's answer.",
  doubled: 'No write was made twice, and none was reported otherwise than it went.',
  waiting: 'Nobody waited past the deadline, and every write came to an end.',
  grants: 'Every grant that Redis holds still works, or was cut off where nothing could save it.',
  tripped: 'No portal was tripped.',
  revoked: 'No call came that began a second after its key was deleted or replaced, or its portal suspended.',
  secrets: 'No secret is in a log.',
  faults: 'No call came to a fault of the gateway, or to one that openapi.json does not name.',
} as const;
export type Question = keyof typeof questions;

/** The flaws that were found, and counts of what was observed. */
export class Findings {
  readonly flaws: Record<Question, string[]> = {
    crossed: [],
    doubled: [],
    waiting: [],
    grants: [],
    tripped: [],
    revoked: [],
    secrets: [],
    faults: [],
  };
  readonly codes = new Map<string, number>();
  calls = 0;
  /** Calls that succeeded. */
  answered = 0;
  /** Calls whose replica died before it answered. */
  cut = 0;
  /** The answer that came the longest after its deadline. */
  latest = { ms: 0, what: '' };
  reads = 0;
  writes = { added: 0, changed: 0, deleted: 0, replayed: 0, refused: 0 };
  /** Answers that were sent while the store was away and could not be recorded before their replica died. */
  unkept = 0;
  cuts: string[] = [];
  installedAgain = 0;

  flaw(question: Question, what: string): void {
    const flaws = this.flaws[question];
    if (flaws.length < 20) flaws.push(`${new Date().toISOString()} ${what}`);
  }

  counted(code: string): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }
}
