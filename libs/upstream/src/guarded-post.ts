import { ExchangeFailure, hostNotAllowed, type Post } from '@b24/portal';

/** Wraps a `Post` so that it sends only to allowed URLs, checked for each request. @throws ExchangeFailure HOST_NOT_ALLOWED */
export function guardedPost(isAllowed: (url: URL) => boolean, post: Post): Post {
  return async (url, body, options) => {
    if (!URL.canParse(url) || !isAllowed(new URL(url))) throw new ExchangeFailure(false, hostNotAllowed);
    return post(url, body, options);
  };
}
