import { type Answer, type Command, type HttpAnswer, concernsGrant } from '@b24/portal';
import { type VendorEnvelope, parseEnvelope, isUnreadable, readPage, translateError, readTimes } from './answer-body';
import { decodeInside } from './batch-codec';

type DecodedCommand = Pick<Command, 'method' | 'inside' | 'v3'>;

/**
 * Decodes a portal's answer to one call.
 * @throws Fault when the whole request failed, or when the error would hold for every command of the portal, which
 * `authorize` then verifies
 */
export function decodeCall(
  { method, inside, v3 }: DecodedCommand,
  answer: HttpAnswer,
  upstreamMs: number,
  nowMs: number,
): Answer {
  const body = parseEnvelope(method, answer);
  if (isUnreadable(body)) {
    if (!body.concernsCallOnly) throw body.fault;
    return { ok: false, fault: body.fault, timing: { queueMs: 0, upstreamMs } };
  }
  const times = readTimes(body['time'], upstreamMs, nowMs);
  if (!('error' in body)) {
    const answersInside = inside && !v3 && { inside: decodeInside(inside, body['result'], upstreamMs, nowMs) };
    return {
      ok: true,
      ...valueOf(body),
      envelope: body,
      ...(answer.replayed && { replayed: true }),
      ...readPage(body['total'], body['next']),
      ...times,
      ...answersInside,
    };
  }
  const { fault, concerns } = translateError(method, answer.status, body, nowMs);
  if (concerns === 'request' || concernsGrant(fault)) throw fault;
  return { ok: false, fault, ...times };
}

function valueOf(body: VendorEnvelope): { value: unknown; whole?: true } {
  if ('result' in body) return { value: body['result'] };
  const value = { ...body };
  delete value['time'];
  return { value, whole: true };
}
