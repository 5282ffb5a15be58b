import { Fault, type HttpAnswer, type Operating, type Result, type CallTiming } from '@b24/portal';
import { translate } from './translate';

export type VendorEnvelope = Readonly<Record<string, unknown>>;

const quote = 0x22;
const backslash = 0x5c;

/** A reset comes within minutes; one further away is from a wrong clock and is ignored. */
const maxResetDistanceMs = 3_600_000;

/** The depth that PHP's `json_encode` writes at most; not every door could write a deeper one. */
const maxDepth = 512;

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
  const tooDeep = isDeeperThan(maxDepth, text);
  const value = tooDeep ? undefined : parseJson(text);
  if (isJsonObject(value) && ('error' in value || taken)) return value;
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
    return `The portal answered with JSON of more than ${maxDepth} levels, which is not read; a write may or may not have been carried out.`;
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
  const it = { method, status, error: shortText(error), description: shortText(sentence), said: body };
  return translate(it, readOperating(body['time'], nowMs), nowMs);
}

export function readOperating(time: unknown, nowMs: number): Operating | undefined {
  const { operating, operating_reset_at: resetAt } = (time ?? {}) as VendorEnvelope;
  if (typeof operating !== 'number' || !Number.isFinite(operating)) return undefined;
  const resetAtMs = typeof resetAt === 'number' ? resetAt * 1000 : NaN;
  return { usedSeconds: operating, ...(Math.abs(resetAtMs - nowMs) <= maxResetDistanceMs && { resetAtMs }) };
}

/** Returns the times of one command's answer: its operating time, how long it ran, and the portal's `time`. */
export function readTimes(
  time: unknown,
  upstreamMs: number,
  nowMs: number,
): Pick<Result, 'operating' | 'timing' | 'time'> {
  const operating = readOperating(time, nowMs);
  const { duration } = (time ?? {}) as VendorEnvelope;
  const ran = typeof duration === 'number' && duration >= 0 && Number.isFinite(duration);
  const timing: CallTiming = { queueMs: 0, upstreamMs, ...(ran && { ranMs: duration * 1000 }) };
  return { ...(operating && { operating }), ...(isJsonObject(time) && { time }), timing };
}

export function isJsonObject(value: unknown): value is VendorEnvelope {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads the numbers beside a page of a list, which may be text (docs/bitrix24-rules.md#lists). */
export function readPage(total: unknown, next: unknown): { total?: number; next?: number } {
  const [count, start] = [readCount(total), readCount(next)];
  return { ...(count !== undefined && { total: count }), ...(start !== undefined && { next: start }) };
}

function readCount(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns whether brackets are nested deeper than `max`, ignoring those inside strings. */
function isDeeperThan(max: number, text: string): boolean {
  if (text.length <= 2 * max || maxNesting(text, false) <= max) return false;
  return maxNesting(text, true) > max;
}

function maxNesting(text: string, passStrings: boolean): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (passStrings && sign === quote) inString = !inString;
    else if (passStrings && inString && sign === backslash) at++;
    else if (inString) continue;
    else if (sign === 0x5b || sign === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (sign === 0x5d || sign === 0x7d) depth--;
  }
  return deepest;
}

function shortText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 500) : '';
}
