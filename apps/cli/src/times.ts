const units = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
] as const;

/** As `3 h`, in the largest unit that fits. */
export function spanOf(ms: number): string {
  const [size, unit] = units.find(([it]) => ms >= it) ?? [1000, 's'];
  return `${Math.floor(ms / size)} ${unit}`;
}

/** As `in 57 min` or `3 d ago`; nothing of no time. */
export function when(iso: string | undefined, nowMs = Date.now()): string | undefined {
  if (iso === undefined) return undefined;
  const ms = Date.parse(iso) - nowMs;
  return ms >= 0 ? `in ${spanOf(ms)}` : `${spanOf(-ms)} ago`;
}

/** To the second, as an operator reads it. */
export function moment(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}
