/** An HTTP answer, read whole. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One POST without redirects, bounded in time and size.
 * @throws ExchangeFailure when no whole answer came.
 */
export type Post = (
  url: string,
  body: { readonly type: 'application/json' | 'application/x-www-form-urlencoded'; readonly text: string },
  options: { readonly timeoutMs: number },
) => Promise<HttpAnswer>;

/** The reason of a failure when the URL, or the address that its name led to, is none that may be asked. */
export const hostNotAllowed = 'HOST_NOT_ALLOWED';

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
