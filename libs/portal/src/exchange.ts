import type { JsonPieces } from './json/write-json';

/** An HTTP answer, read whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Set if the other side says that it repeats an earlier answer (`Idempotent-Replayed`). */
  readonly replayed?: true;
}

export interface PostOptions {
  /** Milliseconds from the DNS lookup to the last byte of the answer. */
  readonly timeoutMs: number;
  /** Aborts when the caller no longer waits; the connection is then closed at once. */
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface PostBody {
  readonly type: 'application/json' | 'application/x-www-form-urlencoded';
  /** Long texts are sent piece by piece. */
  readonly text: string | JsonPieces;
}

/**
 * One POST without redirects, bounded in time and size.
 * @throws ExchangeFailure when no whole answer came.
 */
export type Post = (url: string, body: PostBody, options: PostOptions) => Promise<HttpAnswer>;

/** The reason of a failure when the URL, or the address that its name resolves to, is not allowed. */
export const hostNotAllowed = 'HOST_NOT_ALLOWED';
/** The reason of a failure when the answer was not complete in time. */
export const exchangeTimedOut = 'TIMEOUT';
/** The reason of a failure when the answer is larger than the limit. */
export const answerTooLarge = 'ANSWER_TOO_LARGE';

/** An exchange without a complete answer. Holds neither URL nor body, because both may hold secrets. */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure';

  constructor(
    /** False only when the request certainly did not reach the other side. */
    readonly sent: boolean,
    readonly reason: string,
  ) {
    super(reason);
  }
}
