import { Fault, type HttpAnswer, type Operating, type Result, type Spent } from '@b24/portal';
import { translate } from './translate';

export type Body = Readonly<Record<string, unknown>>;

/** A reset comes within minutes; what is further away is a clock gone wrong, and nobody is made to wait for it. */
const believedResetMs = 3_600_000;

/** The vendor's envelope: an object with `error`, or a success with `result`. @throws Fault portal_error */
export function bodyOf(method: string, { status, body: text }: HttpAnswer): Body {
  const body = objectIn(text);
  const taken = status >= 200 && status < 300;
  if (body && ('error' in body || (taken && 'result' in body))) return body;
  // HTML, nothing, or half of something: the portal's front end spoke, not the portal.
  const moved = status >= 300 && status < 400;
  throw new Fault('portal_error', {
    detail: moved
      ? 'The portal answered with a redirect, which is not followed; if it was renamed, authorize it again. The call was not run.'
      : `The portal answered with status ${status} and no readable body; a write may or may not have been carried out.`,
    upstream: { method, status, error: '', description: '' },
    ...(moved && { again: 'moved' }),
  });
}

/** What `error` and `error_description` come to. */
export function refusalOf(method: string, status: number, body: Body, nowMs: number): ReturnType<typeof translate> {
  const error = {
    method,
    status,
    error: words(body['error']),
    description: words(body['error_description']),
    said: body,
  };
  return translate(error, operatingIn(body['time'], nowMs), nowMs);
}

export function operatingIn(time: unknown, nowMs: number): Operating | undefined {
  const { operating, operating_reset_at: resetAt } = (time ?? {}) as Body;
  if (typeof operating !== 'number' || !Number.isFinite(operating)) return undefined;
  const resetAtMs = typeof resetAt === 'number' ? resetAt * 1000 : NaN;
  return { usedSeconds: operating, ...(Math.abs(resetAtMs - nowMs) <= believedResetMs && { resetAtMs }) };
}

/** The times of one command's answer: what it used of its operating time, how long it ran, and what the portal said. */
export function timesOf(
  time: unknown,
  upstreamMs: number,
  nowMs: number,
): Pick<Result, 'operating' | 'spent' | 'time'> {
  const operating = operatingIn(time, nowMs);
  const { duration } = (time ?? {}) as Body;
  const ran = typeof duration === 'number' && duration >= 0 && Number.isFinite(duration);
  const spent: Spent = { queueMs: 0, upstreamMs, ...(ran && { ranMs: duration * 1000 }) };
  return { ...(operating && { operating }), ...(isBody(time) && { time }), spent };
}

export function isBody(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function pageOf(total: unknown, next: unknown): { total?: number; next?: number } {
  return { ...(typeof total === 'number' && { total }), ...(typeof next === 'number' && { next }) };
}

function objectIn(text: string): Body | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isBody(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function words(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 500) : '';
}
