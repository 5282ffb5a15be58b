/** Names that are not methods: `batch` runs other methods, `download` and `upload` transfer files. */
const carriers: ReadonlySet<string> = new Set(['batch', 'download', 'upload']);
/** Suffixes that the vendor removes from a name to choose the format of the answer. */
const transports: ReadonlySet<string> = new Set(['json', 'xml']);
const maxNameLength = 100;
const parts = /^[a-z][a-z0-9]*(?:[._][a-z0-9]+)*$/i;

/**
 * Returns whether a text names exactly one REST method of Bitrix24, such as `crm.deal.list`, so that a policy can decide
 * about it. Case does not matter. False for `batch`, `download`, `upload` and names with a format (`crm.deal.list.xml`).
 */
export function isMethodName(text: string): boolean {
  if (text.length > maxNameLength || !parts.test(text)) return false;
  const name = text.toLowerCase();
  return !carriers.has(name) && !transports.has(name.slice(name.lastIndexOf('.') + 1));
}
