/** A moment in milliseconds as the vendor writes it, for example `2026-11-02T08:00:00+00:00`. */
export function vendorDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
}
