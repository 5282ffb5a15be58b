import type { DocumentSearch, FoundOperation } from './search-document';

type MethodIndex = Readonly<Record<string, readonly [document: string, operationId: string]>>;

const maxShown = 12;

/**
 * Connects the search of the operations that are shown and of every method of Bitrix24. The index of methods is loaded
 * when the field is first used.
 */
export function connectSearch(field: HTMLInputElement, list: HTMLUListElement, search: DocumentSearch): void {
  let index: Promise<MethodIndex> | undefined;
  const show = async () => {
    index ??= fetch('/openapi/index.json').then((answer) => answer.json() as Promise<MethodIndex>);
    const wanted = field.value.trim().toLowerCase();
    const operations = search.find(wanted).map(operationRow);
    list.replaceChildren(...limited(operations));
    const known = await index.catch(() => (index = undefined));
    // What was typed meanwhile has its own answer.
    if (field.value.trim().toLowerCase() !== wanted) return;
    const methods = known && wanted ? methodRows(known, wanted) : [];
    list.replaceChildren(...limited(operations), ...limited(methods));
    if (wanted && list.childElementCount === 0)
      list.append(row(known ? 'Nothing has this in its name.' : 'The methods could not be read.'));
  };
  field.addEventListener('input', () => void show());
}

function limited(rows: readonly HTMLLIElement[]): HTMLLIElement[] {
  const left = rows.length - maxShown;
  return left > 0 ? [...rows.slice(0, maxShown), row(`and ${left} more`)] : [...rows];
}

function operationRow({ operation: { id, tag, method, path, summary }, by }: FoundOperation): HTMLLIElement {
  const link = linkTo(`${method} ${path}`, location.search, `#/${tag}/${id}`);
  const item = row(link);
  item.append(` ${summary}${by === undefined ? '' : ` – ${by}`}`);
  return item;
}

/** Methods whose names begin with the words come first. */
function methodRows(index: MethodIndex, wanted: string): HTMLLIElement[] {
  const words = wanted.split(/\s+/);
  const found = Object.entries(index).filter(([name]) => words.every((word) => name.toLowerCase().includes(word)));
  const ordered = found.sort(([a], [b]) => rank(a, wanted) - rank(b, wanted));
  return ordered.map(([name, [document, id]]) => row(linkTo(name, `?document=${document}`, `#/${document}/${id}`)));
}

function rank(name: string, wanted: string): number {
  return name.toLowerCase().startsWith(wanted) ? 0 : 1;
}

function row(content: string | Node): HTMLLIElement {
  const item = document.createElement('li');
  item.append(content);
  return item;
}

function linkTo(text: string, search: string, hash: string): HTMLAnchorElement {
  const link = document.createElement('a');
  link.href = `/docs${search}${hash}`;
  link.textContent = text;
  // Within the same document only the hash changes, which the renderer reads when it starts.
  link.addEventListener('click', () => {
    if (new URL(link.href).search === location.search)
      addEventListener('hashchange', () => location.reload(), { once: true });
  });
  return link;
}
