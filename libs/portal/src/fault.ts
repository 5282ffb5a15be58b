import { type FaultCode, faultTable } from './fault-table';

/** The portal's error as it came, without secrets. */
export interface VendorResponse {
  readonly method: string;
  readonly status: number;
  readonly error: string;
  readonly description: string;
  /** Of version 3 of the API: what is wrong with the request, field by field. */
  readonly validation?: readonly { readonly field: string; readonly message: string }[];
  /** The whole body of the error, for callers that use a vendor SDK. */
  readonly said?: Readonly<Record<string, unknown>>;
}

/** Why the gateway may retry the same command at once: it was certainly not executed, or it only reads. */
export type RetryReason =
  | 'token_refused'
  | 'user_refused'
  | 'moved'
  | 'bucket_full'
  | 'transient_error'
  | 'batch_spent'
  | 'not_run'
  /** A shared batch was rejected before it was executed: each of its commands is sent alone. */
  | 'alone'
  /** One command may be why a shared batch has no answer: its reads are sent alone. Its writes may have been executed. */
  | 'reads_alone'
  /** The answer to a command that only reads was lost or cannot be read. */
  | 'read_lost';

export interface FaultOptions {
  /** Says what happened and what to do; the table's advice by default. */
  readonly detail?: string;
  readonly upstream?: VendorResponse;
  readonly retryAfterMs?: number;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  /** Names of methods that a misspelt one may stand for. */
  readonly suggestions?: readonly string[];
  /** The link at which a person authorizes the portal again. */
  readonly authorizeUrl?: string;
  readonly retryReason?: RetryReason;
  /** Milliseconds for which the portal may still execute the request. */
  readonly mayRunForMs?: number;
  /** The caller may retry although the code says otherwise, because its idempotency key makes that safe. */
  readonly mayRetry?: true;
  /** Milliseconds for which nothing more may be sent to this portal. */
  readonly haltMs?: number;
  readonly cause?: unknown;
}

/** The gateway's error class; any other error is a bug and becomes `internal_error`. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly upstream?: VendorResponse;
  readonly retryAfterMs?: number;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly suggestions?: readonly string[];
  readonly authorizeUrl?: string;
  readonly retryReason?: RetryReason;
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
    if (options.suggestions) this.suggestions = options.suggestions;
    if (options.authorizeUrl) this.authorizeUrl = options.authorizeUrl;
    if (options.retryReason) this.retryReason = options.retryReason;
    if (options.mayRunForMs !== undefined) this.mayRunForMs = options.mayRunForMs;
    if (options.mayRetry) this.mayRetry = options.mayRetry;
    if (options.haltMs !== undefined) this.haltMs = options.haltMs;
  }

  /** Returns the same fault with some options replaced. */
  with(options: FaultOptions): Fault {
    return new Fault(this.code, { ...this, detail: this.message, cause: this.cause, ...options });
  }

  /** Returns the same fault without a reason to retry. */
  final(): Fault {
    const options: { -readonly [K in keyof FaultOptions]: FaultOptions[K] } = {
      ...this,
      detail: this.message,
      cause: this.cause,
    };
    delete options.retryReason;
    return new Fault(this.code, options);
  }

  get status(): number {
    return faultTable[this.code].status;
  }

  get title(): string {
    return faultTable[this.code].title;
  }

  /** Returns whether a caller may repeat the same call. */
  retryable(effect: 'read' | 'write'): boolean {
    const { retry } = faultTable[this.code];
    return this.mayRetry === true || retry === 'safe' || (retry === 'unsafe' && effect === 'read');
  }
}

/** Returns the error as a Fault; an unexpected one becomes `internal_error` without its message. */
export function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('internal_error', { cause: error });
}
