import { type FaultCode, faultTable } from './fault-table';

/** What the vendor said, where it spoke. Never holds a token. */
export interface UpstreamWords {
  readonly method: string;
  readonly status: number;
  readonly error: string;
  readonly description: string;
  /** The whole body of its error, as it came; for those who speak the vendor's own language. */
  readonly said?: Readonly<Record<string, unknown>>;
}

/** Why the same command may go again at once: it was certainly not carried out, and something can be done about it. */
export type Again =
  | 'token_refused'
  | 'user_refused'
  | 'moved'
  | 'bucket_full'
  | 'passing_trouble'
  | 'batch_spent'
  | 'not_run'
  /** A shared batch was refused before it was run: each of its commands is sent by itself. */
  | 'alone'
  /** One command may be why a shared batch has no answer: its reads are sent by themselves. Its writes may have been run. */
  | 'reads_alone';

export interface FaultOptions {
  /** One sentence that says what happened and what to do; the table's advice by default. */
  readonly detail?: string;
  readonly upstream?: UpstreamWords;
  readonly retryAfterMs?: number;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  /** Where a person mends it. */
  readonly authorizeUrl?: string;
  readonly again?: Again;
  /** For so long, in milliseconds, the portal may still carry out what was sent. */
  readonly mayRunForMs?: number;
  /** The same call may be made again although its code says otherwise: its key makes that safe. */
  readonly mayRetry?: true;
  /** For so long nothing more may be sent to this portal. */
  readonly haltMs?: number;
  readonly cause?: unknown;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** The one error of this product; every other error is a bug and becomes `internal_error`. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly upstream?: UpstreamWords;
  readonly retryAfterMs?: number;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly authorizeUrl?: string;
  readonly again?: Again;
  readonly mayRunForMs?: number;
  readonly mayRetry?: true;
  readonly haltMs?: number;

  constructor(
    readonly code: FaultCode,
    options: FaultOptions = {},
  ) {
    super(options.detail ?? faultTable[code].advice, options.cause === undefined ? {} : { cause: options.cause });
    if (options.upstream) this.upstream = options.upstream;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    if (options.errors) this.errors = options.errors;
    if (options.authorizeUrl) this.authorizeUrl = options.authorizeUrl;
    if (options.again) this.again = options.again;
    if (options.mayRunForMs !== undefined) this.mayRunForMs = options.mayRunForMs;
    if (options.mayRetry) this.mayRetry = options.mayRetry;
    if (options.haltMs !== undefined) this.haltMs = options.haltMs;
  }

  /** The same fault with some of its words replaced. */
  with(options: FaultOptions): Fault {
    return new Fault(this.code, { ...this, detail: this.message, cause: this.cause, ...options });
  }

  /** The same fault as the last word: nothing is retried for it. */
  final(): Fault {
    const words: Writable<FaultOptions> = { ...this, detail: this.message, cause: this.cause };
    delete words.again;
    return new Fault(this.code, words);
  }

  get status(): number {
    return faultTable[this.code].status;
  }

  get title(): string {
    return faultTable[this.code].title;
  }

  /** May a caller make the same call again, as it is? */
  retryable(effect: 'read' | 'write'): boolean {
    const { retry } = faultTable[this.code];
    return this.mayRetry === true || retry === 'safe' || (retry === 'unsafe' && effect === 'read');
  }
}

/** The error as a Fault; anything unforeseen is a bug of ours and says so without its own words. */
export function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('internal_error', { cause: error });
}
