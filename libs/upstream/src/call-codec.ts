import type { Answer, Command, HttpAnswer } from '@b24/portal';
import { bodyOf, pageOf, refusalOf, timesOf } from './answer-body';

/** A portal's answer to one call, decoded. @throws Fault when the request as a whole failed. */
export function decodeCall({ method }: Command, answer: HttpAnswer, upstreamMs: number, nowMs: number): Answer {
  const body = bodyOf(method, answer);
  const times = timesOf(body['time'], upstreamMs, nowMs);
  if (!('error' in body)) return { ok: true, value: body['result'], ...pageOf(body['total'], body['next']), ...times };
  const { fault, concerns } = refusalOf(method, answer.status, body, nowMs);
  if (concerns === 'trip') throw fault;
  return { ok: false, fault, ...times };
}
