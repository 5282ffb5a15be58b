import { type ReferenceDocument, type ListedOperation, listOperations } from './api-document';
import { codeSamples } from './code-samples';

/** Puts samples in four languages into each operation when it is opened. The language that is chosen is that of all. */
export function showSamples(reference: HTMLElement, document: ReferenceDocument): void {
  const byId = new Map(listOperations(document).map((it) => [`operations-${it.tag}-${it.id}`, it]));
  const add = () => {
    for (const body of reference.querySelectorAll<HTMLElement>('.opblock.is-open .opblock-body:not(:has(.samples))')) {
      const operation = byId.get(body.closest('.opblock')?.id ?? '');
      if (operation) body.querySelector('.responses-wrapper')?.before(samplesOf(document, operation));
    }
  };
  new MutationObserver(add).observe(reference, { childList: true, subtree: true });
  add();
}

let chosen = 'curl';

function samplesOf(api: ReferenceDocument, operation: ListedOperation): HTMLElement {
  const section = element('section', 'samples');
  const [head, code] = [element('div', 'samples-head'), element('code', '')];
  const heading = element('h4', '');
  heading.textContent = 'Sample call';
  const block = element('pre', '');
  block.tabIndex = 0;
  block.setAttribute('aria-label', 'Sample call');
  block.append(code);
  const samples = codeSamples(api, operation, location.origin);
  const buttons = samples.map(({ language }) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = language;
    button.addEventListener('click', () => {
      chosen = language;
      show();
    });
    return button;
  });
  const show = () => {
    code.textContent = samples.find(({ language }) => language === chosen)?.code ?? '';
    for (const button of buttons) button.setAttribute('aria-pressed', `${button.textContent === chosen}`);
  };
  show();
  head.append(heading, ...buttons);
  section.append(head, block);
  return section;
}

function element<Name extends keyof HTMLElementTagNameMap>(name: Name, className: string): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (className !== '') made.className = className;
  return made;
}
