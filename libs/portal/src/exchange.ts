/** An HTTP answer, read whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface PostOptions {
  /** From the first look-up of the name to the last byte of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborts when nobody waits for the answer any more: the connection is closed at once. */
  readonly signal?: AbortSignal;
}

/**
 * One POST without redirects, bounded in time and size.
 * @throws ExchangeFailure when no whole answer came.
 */
export type Post = (
  url: string,
  body: { readonly type: 'application/json' | 'application/x-www-form-urlencoded'; readonly text: string },
  options: PostOptions,
) => Promise<HttpAnswer>;

/** The reason of a failure when the URL, or the address that its name led to, is none that may be asked. */
export const hostNotAllowed = 'HOST_NOT_ALLOWED';
/** The reason when the answer is larger than the wire reads. */
export const answerTooLarge = 'ANSWER_TOO_LARGE';

/** No whole answer came. Holds neither URL nor body, since both may hold secrets. */
export class ExchangeFailure extends Error {
  override readonly name = 'ExchangeFailure';

  constructor(
    /** False only when the request certainly never reached the other side. */
    readonly sent: boolean,
    readonly reason: string,
  ) {
    super(reason);
  }
}
