import { Fault } from '@b24/portal';
import { parse } from 'qs';

/** Limits that no form of Bitrix24 reaches. */
const maxDepth = 4;
const maxFields = 200;
/** Longer than any field name of Bitrix24, fully percent-encoded. */
const maxNameLength = 1000;
const ofPrototypes = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Parses a form with PHP's brackets, as Bitrix24 posts it: `auth[access_token]=…`. Every value is a string.
 * @throws Fault invalid_request for a form that is too deep or too long, or names a prototype.
 */
export function parsePhpForm(text: string): Record<string, unknown> {
  const malformed = () => new Fault('invalid_request', { detail: 'The form is malformed, too deep or too long.' });
  const fields = text.split('&', maxFields + 1);
  if (fields.length > maxFields || !fields.every(isHarmless)) throw malformed();
  try {
    return parse(text, {
      depth: maxDepth,
      strictDepth: true,
      parameterLimit: maxFields,
      throwOnLimitExceeded: true,
      // PHP numbers the items of a list, `a[0]=…`; the vendor never sends a name twice.
      parseArrays: false,
      arrayLimit: 0,
    });
  } catch {
    throw malformed();
  }
}

/**
 * Checks a name: it is not too long and does not name a prototype. It may contain `=` inside brackets; a value may
 * contain any text.
 */
function isHarmless(field: string): boolean {
  const plain = field.replace(/%5b/gi, '[').replace(/%5d/gi, ']');
  const bracketed = plain.indexOf(']=');
  const equals = plain.indexOf('=');
  const end = bracketed < 0 ? equals : bracketed;
  const name = end < 0 ? plain : plain.slice(0, end);
  if (name.length > maxNameLength) return false;
  return !decoded(name)
    .split(/[[\]]/)
    .some((segment) => ofPrototypes.has(segment.trim().toLowerCase()));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
