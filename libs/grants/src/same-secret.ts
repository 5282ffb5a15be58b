import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@b24/portal';

/** Compares two secrets in constant time. */
export function sameSecret(a: Secret, b: Secret): boolean {
  const digest = (it: Secret) => createHash('sha256').update(it.reveal()).digest();
  return timingSafeEqual(digest(a), digest(b));
}
