import { Fault } from '@b24/portal';
import { parse } from 'qs';

/** Deeper or longer than any form of the vendor's. */
const maxDepth = 4;
const maxFields = 200;

/**
 * A form with PHP's brackets, as Bitrix24 posts it: `auth[access_token]=…`. Every value is a string.
 * @throws Fault invalid_request for what is too deep, too long or aims at a prototype.
 */
export function parsePhpForm(text: string): Record<string, unknown> {
  const malformed = () => new Fault('invalid_request', { detail: 'The form is malformed, too deep or too long.' });
  if (/(?:^|&|\[|%5b)(?:__proto__|constructor|prototype)(?:$|&|=|\[|\]|%5b|%5d)/i.test(decoded(text)))
    throw malformed();
  try {
    return parse(text, {
      depth: maxDepth,
      strictDepth: true,
      parameterLimit: maxFields,
      throwOnLimitExceeded: true,
      arrayLimit: 0,
      ignoreQueryPrefix: false,
    });
  } catch {
    throw malformed();
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
