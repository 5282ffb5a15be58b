/** What went wrong, in the API's own form; of what never reached a gateway there is no request id. */
export interface CommandProblem {
  readonly code: string;
  readonly title: string;
  /** What happened and what to do. */
  readonly detail: string;
  readonly retryable: boolean;
  readonly status?: number;
  readonly requestId?: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly upstream?: {
    readonly method: string;
    readonly status: number;
    readonly error: string;
    readonly description: string;
  };
  readonly authorizeUrl?: string;
  readonly retryAfterSeconds?: number;
}

/** Codes beside the gateway's own, for what it never heard of; docs/command-line.md has each. */
export const ownProblems = {
  wrong_usage: 'The command was not understood',
  no_key: 'No key was given',
  unusable_input: 'What was to be read is not usable',
  unknown_method: 'The catalog has no such method',
  gateway_unreachable: 'No answer came from the gateway',
  not_a_gateway: 'What answers is not a gateway',
  bug: 'The command line itself failed',
} as const;
export type OwnCode = keyof typeof ownProblems;

const usageCodes: readonly string[] = ['wrong_usage', 'no_key', 'unusable_input'] satisfies OwnCode[];

/** A command that came to nothing. */
export class CommandFailure extends Error {
  override readonly name = 'Failure';

  constructor(readonly problem: CommandProblem) {
    super(problem.detail);
  }

  static of(code: OwnCode, detail: string, { retryable = false } = {}): CommandFailure {
    return new CommandFailure({ code, title: ownProblems[code], detail, retryable });
  }

  /** 2 where nothing was asked of anybody, since the command itself is wrong. */
  get exitCode(): 1 | 2 {
    return usageCodes.includes(this.problem.code) ? 2 : 1;
  }
}
