type MethodIndex = Readonly<Record<string, readonly [document: string, operationId: string]>>;

const maxShown = 12;

/** Connects the search for a method of Bitrix24. The index is loaded when the field is first used. */
export function findMethods(field: HTMLInputElement, list: HTMLUListElement): void {
  let index: Promise<MethodIndex> | undefined;
  const show = async () => {
    index ??= fetch('/openapi/index.json').then((answer) => answer.json() as Promise<MethodIndex>);
    const wanted = field.value.trim().toLowerCase();
    const known = await index.catch(() => (index = undefined));
    list.replaceChildren(...(known && wanted ? rowsOf(known, wanted) : []));
    if (wanted && list.childElementCount === 0)
      list.append(row(known ? 'No method has this in its name.' : 'The methods could not be read.'));
  };
  field.addEventListener('input', () => void show());
}

/** Methods whose names begin with the words come first. */
function rowsOf(index: MethodIndex, wanted: string): HTMLLIElement[] {
  const words = wanted.split(/\s+/);
  const found = Object.entries(index).filter(([name]) => words.every((word) => name.toLowerCase().includes(word)));
  const ordered = found.sort(([a], [b]) => rank(a, wanted) - rank(b, wanted));
  const rows = ordered.slice(0, maxShown).map(([name, [document, id]]) => row(linkTo(name, document, id)));
  const left = found.length - rows.length;
  return left > 0 ? [...rows, row(`and ${left} more`)] : rows;
}

function rank(name: string, wanted: string): number {
  return name.toLowerCase().startsWith(wanted) ? 0 : 1;
}

function row(content: string | Node): HTMLLIElement {
  const item = document.createElement('li');
  item.append(content);
  return item;
}

function linkTo(name: string, of: string, id: string): HTMLAnchorElement {
  const link = document.createElement('a');
  link.href = `/docs?document=${of}#/${of}/${id}`;
  link.textContent = name;
  // Within the same document only the hash changes, which the renderer reads when it starts.
  link.addEventListener('click', () => {
    if (new URL(link.href).search === location.search)
      addEventListener('hashchange', () => location.reload(), { once: true });
  });
  return link;
}
