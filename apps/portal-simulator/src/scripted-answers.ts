/** What a method answers, to the letter, instead of what it would answer. */
export interface ScriptedAnswer {
  /** The body. */
  readonly text: string;
  /** 200 by default. */
  readonly status?: number;
  /** JSON by default. */
  readonly contentType?: string;
  /** How often; until it is cleared by default. */
  readonly times?: number;
}

/** Answers that tests gave to methods, whether the methods exist or not. */
export class ScriptedAnswers {
  private readonly answers = new Map<string, { answer: ScriptedAnswer; left: number }>();

  set(method: string, answer: ScriptedAnswer): void {
    this.answers.set(method.toLowerCase(), { answer, left: answer.times ?? Infinity });
  }

  clear(): void {
    this.answers.clear();
  }

  take(method: string): ScriptedAnswer | undefined {
    const entry = this.answers.get(method.toLowerCase());
    if (entry === undefined || entry.left <= 0) return undefined;
    entry.left -= 1;
    return entry.answer;
  }
}
