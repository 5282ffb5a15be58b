import { type Answer, type Command, Fault, type HttpAnswer, type Operating } from '@b24/portal';
import { translate } from './translate';

/** A reset comes within minutes; what is further away is a clock gone wrong, and nobody is made to wait for it. */
const believedResetMs = 3_600_000;

/** A portal's answer to one call, decoded. @throws Fault when the request as a whole failed. */
export function decodeCall({ method }: Command, answer: HttpAnswer, upstreamMs: number, nowMs: number): Answer {
  const body = objectIn(answer.body);
  const taken = answer.status >= 200 && answer.status < 300;
  if (!body || !('error' in body || (taken && 'result' in body))) throw noAnswer(method, answer);
  const operating = operatingIn(body['time'], nowMs);
  const rest = { ...(operating && { operating }), spent: { queueMs: 0, upstreamMs } };
  if (!('error' in body)) {
    return { ok: true, value: body['result'], ...pageIn(body), ...rest };
  }
  const error = {
    method,
    status: answer.status,
    error: words(body['error']),
    description: words(body['error_description']),
  };
  const { fault, concerns } = translate(error, operating, nowMs);
  if (concerns === 'trip') throw fault;
  return { ok: false, fault, ...rest };
}

/** HTML, nothing, or half of something: the portal's front end spoke, not the portal. */
function noAnswer(method: string, { status }: HttpAnswer): Fault {
  const moved = status >= 300 && status < 400;
  return new Fault('portal_error', {
    detail: moved
      ? 'The portal answered with a redirect; if it was renamed, authorize it again. A redirected call is not run.'
      : `The portal answered with status ${status} and no readable body; a write may or may not have been carried out.`,
    upstream: { method, status, error: '', description: '' },
  });
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function operatingIn(time: unknown, nowMs: number): Operating | undefined {
  const { operating, operating_reset_at: resetAt } = (time ?? {}) as Record<string, unknown>;
  if (typeof operating !== 'number' || !Number.isFinite(operating)) return undefined;
  const resetAtMs = typeof resetAt === 'number' ? resetAt * 1000 : NaN;
  return { usedSeconds: operating, ...(Math.abs(resetAtMs - nowMs) <= believedResetMs && { resetAtMs }) };
}

function pageIn({ total, next }: Record<string, unknown>): { total?: number; next?: number } {
  return { ...(typeof total === 'number' && { total }), ...(typeof next === 'number' && { next }) };
}

function words(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 500) : '';
}
