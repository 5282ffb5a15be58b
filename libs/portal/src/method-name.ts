/** Names that carry or transport something else: `batch` runs other methods, `download` and `upload` move files. */
const carriers: ReadonlySet<string> = new Set(['batch', 'download', 'upload']);
/** The vendor takes a last part of these off a name and answers in that format. */
const transports: ReadonlySet<string> = new Set(['json', 'xml']);
const maxNameLength = 100;
const parts = /^[a-z][a-z0-9]*(?:[._][a-z0-9]+)*$/i;

/**
 * Whether a text names exactly one REST method of Bitrix24, such as `crm.deal.list`, so that a policy can decide about it.
 * Letter case does not matter. `batch`, `download`, `upload` and names with a transport (`crm.deal.list.xml`) are none.
 */
export function isMethodName(text: string): boolean {
  if (text.length > maxNameLength || !parts.test(text)) return false;
  const name = text.toLowerCase();
  return !carriers.has(name) && !transports.has(name.slice(name.lastIndexOf('.') + 1));
}
