import swaggerUi from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import type { ReferenceDocument } from './api-document';
import { connectSearch } from './connect-search';
import { DocumentSearch } from './search-document';
import { showSamples } from './show-samples';
import './reference.css';

/** The renderer knows dark by a class; which one counts is the system's word. */
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

void show();

/** The document that is shown: the gateway's own, or that of the methods of one permission. */
function addressOf(document: string | null): string {
  return document !== null && /^[\w.]+$/.test(document) ? `/openapi/${document}.json` : '/openapi.json';
}

async function show(): Promise<void> {
  const answer = await fetch(addressOf(new URLSearchParams(location.search).get('document')));
  if (!answer.ok) {
    document
      .getElementById('reference')
      ?.append(`The document could not be read (${answer.status}). Load the page again.`);
    return;
  }
  const spec = (await answer.json()) as ReferenceDocument;
  listParts(spec);
  const field = document.querySelector<HTMLInputElement>('#find');
  const found = document.querySelector<HTMLUListElement>('#found');
  if (field && found) connectSearch(field, found, new DocumentSearch(spec));
  const reference = document.getElementById('reference');
  if (reference) {
    new MutationObserver(name).observe(reference, { childList: true, subtree: true });
    showSamples(reference, spec);
  }
  swaggerUi({
    spec,
    dom_id: '#reference',
    deepLinking: true,
    docExpansion: 'list',
    // Each operation shows its own; a list of all of them is long and nobody's question.
    defaultModelsExpandDepth: -1,
    defaultModelExpandDepth: 3,
    displayRequestDuration: true,
    filter: true,
    // Its colours are written for one background.
    syntaxHighlight: { activated: false },
    // A key typed in here is gone with the page.
    persistAuthorization: false,
    // Neither is it sent to, nor is anything asked of, anybody else.
    validatorUrl: null,
  });
}

function listParts({ tags }: ReferenceDocument): void {
  const list = document.createElement('ul');
  for (const { name, description } of tags) {
    const link = document.createElement('a');
    link.href = `#/${name}`;
    link.textContent = name;
    link.title = description;
    link.addEventListener('click', (event) => {
      event.preventDefault();
      history.replaceState(undefined, '', link.href);
      document.getElementById(`operations-tag-${name}`)?.scrollIntoView();
    });
    const item = document.createElement('li');
    item.append(link);
    list.append(item);
  }
  document.getElementById('parts')?.append(list);
}

/** What the renderer draws without a name is given the one that stands beside it, for those who do not see that. */
function name(): void {
  for (const field of document.querySelectorAll('#reference :is(input, select, textarea):not([aria-label])')) {
    const row = field.closest('tr')?.dataset.paramName;
    const filterLabel = field.matches('.operation-filter-input') ? 'Show the parts with this in their name' : undefined;
    field.setAttribute('aria-label', filterLabel ?? row ?? (field.matches('select') ? 'Which one is shown' : 'Value'));
  }
}
