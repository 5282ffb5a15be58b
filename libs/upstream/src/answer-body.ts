import {
  type CallTiming,
  Fault,
  type HttpAnswer,
  isDeeperThan,
  maxJsonDepth,
  type Operating,
  readJson,
  type Result,
  toNumber,
  type VendorResponse,
} from '@b24/portal';
import { translate } from './translate';

export type VendorEnvelope = Readonly<Record<string, unknown>>;

/** A reset comes within minutes; one further away is from a wrong clock and is ignored. */
const maxResetDistanceMs = 3_600_000;

/** An answer without a valid envelope. */
export interface UnreadableAnswer {
  readonly fault: Fault;
  /** The portal answered, but malformed: only this call failed. */
  readonly concernsCallOnly: boolean;
}

/**
 * Parses the vendor's envelope: an object with `error`, or any object with a 2xx status. An answer may have no `result`,
 * for example `{"vats":[],"total":0}`.
 */
export function parseEnvelope(method: string, { status, body: text }: HttpAnswer): VendorEnvelope | UnreadableAnswer {
  const taken = status >= 200 && status < 300;
  const value = parseJson(text);
  if (isJsonObject(value) && ('error' in value || taken)) return value;
  const tooDeep = value === undefined && isDeeperThan(maxJsonDepth, text);
  const moved = status >= 300 && status < 400;
  const fault = new Fault('portal_error', {
    detail: unreadableDetail(status, { moved, tooDeep }),
    upstream: { method, status, error: '', description: '' },
    ...(moved && { retryReason: 'moved' }),
  });
  return { fault, concernsCallOnly: !moved && (taken || tooDeep || value !== undefined) };
}

export function isUnreadable(body: VendorEnvelope | UnreadableAnswer): body is UnreadableAnswer {
  return (body as Partial<UnreadableAnswer>).fault instanceof Fault;
}

function unreadableDetail(status: number, { moved, tooDeep }: { moved: boolean; tooDeep: boolean }): string {
  if (moved)
    return 'The portal answered with a redirect, which is not followed; if it was renamed, authorize it again. The call was not run.';
  if (tooDeep)
    return `The portal answered with JSON of more than ${maxJsonDepth} levels, which is not read; a write may or may not have been carried out.`;
  return `The portal answered with status ${status} and no readable body; a write may or may not have been carried out.`;
}

/** Translates `error` and `error_description` of an envelope. */
export function translateError(
  method: string,
  status: number,
  body: VendorEnvelope,
  nowMs: number,
): ReturnType<typeof translate> {
  const { error: code, error_description: description } = body;
  // Version 3 of the API returns its error as an object.
  const [error, sentence] = isJsonObject(code) ? [code['code'], code['message']] : [code, description];
  const validation = isJsonObject(code) ? readValidation(code['validation']) : undefined;
  const it = {
    ...{ method, status, error: shortText(error), description: shortText(sentence), said: body },
    ...(validation && { validation }),
  };
  return translate(it, readOperating(body['time'], nowMs), nowMs);
}

export function readOperating(time: unknown, nowMs: number): Operating | undefined {
  const { operating, operating_reset_at: resetAt } = (time ?? {}) as VendorEnvelope;
  const usedSeconds = toNumber(operating);
  if (usedSeconds === undefined || !Number.isFinite(usedSeconds)) return undefined;
  const resetAtMs = (toNumber(resetAt) ?? NaN) * 1000;
  return { usedSeconds, ...(Math.abs(resetAtMs - nowMs) <= maxResetDistanceMs && { resetAtMs }) };
}

/** Returns the times of one command's answer: its operating time, how long it ran, and the portal's `time`. */
export function readTimes(
  time: unknown,
  upstreamMs: number,
  nowMs: number,
): Pick<Result, 'operating' | 'timing' | 'time'> {
  const operating = readOperating(time, nowMs);
  const duration = toNumber(((time ?? {}) as VendorEnvelope)['duration']) ?? NaN;
  const ran = duration >= 0 && Number.isFinite(duration);
  const timing: CallTiming = { queueMs: 0, upstreamMs, ...(ran && { ranMs: duration * 1000 }) };
  return { ...(operating && { operating }), ...(isJsonObject(time) && { time }), timing };
}

export function isJsonObject(value: unknown): value is VendorEnvelope {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Some methods write these numbers as text. */
export function readPage(total: unknown, next: unknown): { total?: number; next?: number } {
  const [totalNumber, nextNumber] = [count(total), count(next)];
  return {
    ...(totalNumber !== undefined && { total: totalNumber }),
    ...(nextNumber !== undefined && { next: nextNumber }),
  };
}

function count(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : toNumber(value);
}

function parseJson(text: string): unknown {
  try {
    return readJson(text);
  } catch {
    return undefined;
  }
}

function readValidation(value: unknown): VendorResponse['validation'] {
  if (!Array.isArray(value)) return undefined;
  const items = value.filter(isJsonObject).slice(0, 50);
  return items.map((it) => ({ field: shortText(it['field']), message: shortText(it['message']) }));
}

function shortText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 500) : '';
}
