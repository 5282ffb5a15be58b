import type { Answer, Command, HttpAnswer } from '@b24/portal';
import { bodyOf, pageOf, refusalOf, timesOf } from './answer-body';
import { decodeInside } from './batch-codec';

/** A portal's answer to one call, decoded. @throws Fault when the request as a whole failed. */
export function decodeCall({ method, inside }: Command, answer: HttpAnswer, upstreamMs: number, nowMs: number): Answer {
  const body = bodyOf(method, answer);
  const times = timesOf(body['time'], upstreamMs, nowMs);
  if (!('error' in body)) {
    const value = body['result'];
    const told = inside && { inside: decodeInside(inside, value, upstreamMs, nowMs) };
    return { ok: true, value, ...pageOf(body['total'], body['next']), ...times, ...told };
  }
  const { fault, concerns } = refusalOf(method, answer.status, body, nowMs);
  if (concerns === 'trip') throw fault;
  return { ok: false, fault, ...times };
}
