import { ExchangeFailure, hostNotAllowed, type Post } from '@b24/portal';

/** The same wire, but only to URLs that may be asked: looked at again for each request, whatever was allowed before. */
export function guardedPost(mayAsk: (url: URL) => boolean, post: Post): Post {
  return async (url, body, options) => {
    if (!URL.canParse(url) || !mayAsk(new URL(url))) throw new ExchangeFailure(false, hostNotAllowed);
    return post(url, body, options);
  };
}
