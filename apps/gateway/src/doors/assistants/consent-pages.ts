import type { Client, ListedClient } from '@b24/access';
import type { Fault } from '@b24/portal';
import { scopeDescriptions } from '../../resources/scopes';
import { escape, page } from '../pages/page-layout';
import type { ConsentRequest } from './consent-request';
import { consentPath } from './assistant-paths';

/** Portals that are named; of more, the rest is counted. */
export const maxNamedPortals = 10;

/** The rights of a key as the page shows them. */
export interface ConsentRights {
  readonly client: Client;
  /** Domains of its portals, `maxNamedPortals` at most. */
  readonly domains: readonly string[];
}

interface ConsentForm {
  readonly nonce: string;
  readonly request: ConsentRequest;
  readonly ticket: string;
}

/** The first page: who asks, and for which key. */
export function askKeyPage({ nonce, request, ticket }: ConsentForm, mistake?: string): string {
  const message = mistake ? `<p class="bad" role="alert" id="mistake">${escape(mistake)}</p>` : '';
  const described = mistake ? ' aria-describedby="mistake" aria-invalid="true"' : '';
  return page(
    mistake ? 'Not connected: check the key' : 'Connect an assistant',
    nonce,
    `<h1>Connect an assistant</h1>
${askerOf(request)}
<form action="${consentPath}" method="post">
${hidden('ticket', ticket)}
<label for="key">Key of this gateway</label>
<input id="key" name="key" type="password" autocomplete="off" autocapitalize="none" spellcheck="false" required maxlength="512"${described} autofocus>
${message}
<button type="submit">Continue</button>
</form>
<form action="${consentPath}" method="post">
${hidden('ticket', ticket)}
<button type="submit" class="quiet" name="step" value="choose">Choose a key with the console</button>
</form>
<p class="soft note">The next page shows what the key allows. The assistant never gets the key itself.</p>`,
  );
}

/** The page of an administrator who is signed in at the console: which client's key it shall be. */
export function chooseClientPage(
  { nonce, request, ticket }: ConsentForm,
  clients: readonly Pick<ListedClient, 'id' | 'name'>[],
): string {
  const options = clients.map(
    ({ id, name }) => `<option value="${escape(id)}">${escape(name)} (${escape(id)})</option>`,
  );
  const form =
    clients.length === 0
      ? '<p>There is no client yet whose key an assistant may use. Create one in the console or with <code>POST /v1/clients</code>.</p>'
      : `<form action="${consentPath}" method="post">
${hidden('ticket', ticket)}
<label for="client">Client as which the assistant acts</label>
<select id="client" name="client" required>
${options.join('\n')}
</select>
<button type="submit">Continue</button>
</form>`;
  return page(
    'Choose a key',
    nonce,
    `<h1>Choose a key</h1>
${askerOf(request)}
${form}
<p class="soft note">The next page shows what the key allows. Keys of administrators are not for assistants.</p>`,
  );
}

/** The second page: what the key allows. Its buttons decide. */
export function askConsentPage({ nonce, request, ticket }: ConsentForm, rights: ConsentRights): string {
  const rows = rightsOf(rights).map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`);
  return page(
    'Allow an assistant?',
    nonce,
    `<h1>Allow ${escape(request.name)} to act as this key?</h1>
${askerOf(request)}
<dl>${rows.join('')}</dl>
<p>It gets these rights and no more, until you or an administrator end it, or the key ends. The audit log shows what it changes.</p>
<form action="${consentPath}" method="post">
${hidden('ticket', ticket)}
<button type="submit" name="step" value="allow">Allow</button>
<button type="submit" name="step" value="refuse" class="quiet">Refuse</button>
</form>`,
  );
}

/**
 * The last page, which leads back to the app. A redirect in answer to the form would need the app's origin, and whatever
 * it redirects to, in the policy for forms.
 */
export function returnPage(nonce: string, { redirectUri }: ConsentRequest, url: string, allowed: boolean): string {
  const { host } = new URL(redirectUri);
  return page(
    allowed ? 'Connected' : 'Refused',
    nonce,
    `<h1${allowed ? ' class="good"' : ''}>${allowed ? 'The assistant is connected' : 'Nothing was allowed'}</h1>
<p>You go back to <strong>${escape(host)}</strong> now.</p>
<p><a class="button" href="${escape(url)}">Go back</a></p>`,
    `\n<meta http-equiv="refresh" content="0;url=${escape(url)}">`,
  );
}

/** The page of a fault. Nobody is sent to an address that is not checked. */
export function consentFaultPage(nonce: string, { code, title, message }: Fault, requestId: string): string {
  return page(
    title,
    nonce,
    `<h1 class="bad">${escape(title)}</h1>
<p>${escape(message)}</p>
<p>The assistant got no access. Go back to the app and start there.</p>
<p class="soft note">If it happens again, give the operator of this gateway: <code>${escape(code)}</code>, request <code>${escape(requestId)}</code>.</p>`,
  );
}

function askerOf({ name, redirectUri }: ConsentRequest): string {
  const { host } = new URL(redirectUri);
  return `<p><strong>${escape(name)}</strong> asks to work with Bitrix24 portals through this gateway. The answer goes to <strong>${escape(host)}</strong>.</p>
<p class="soft">The name is what the app calls itself; nobody has checked it. Continue only if you started this at ${escape(host)} yourself.</p>`;
}

function hidden(name: string, value: string): string {
  return `<input type="hidden" name="${name}" value="${escape(value)}">`;
}

function rightsOf({ client, domains }: ConsentRights): (readonly [name: string, value: string])[] {
  const { name, scopes, methods, rate, expiresAtMs } = client;
  return [
    ['Client', escape(name)],
    ['May', scopes.map((scope) => escape(`${scopeDescriptions.get(scope) ?? scope} (${scope})`)).join('<br>')],
    ['Portals', portalsOf(client, domains)],
    ...(methods ? [['Methods', methods.map((it) => `<code>${escape(it)}</code>`).join(' ')] as const] : []),
    ...(rate ? [['Rate', `${rate.perSecond} commands a second`] as const] : []),
    ...(expiresAtMs === undefined ? [] : [['Until', new Date(expiresAtMs).toISOString().slice(0, 10)] as const]),
  ];
}

function portalsOf({ portals }: Client, domains: readonly string[]): string {
  if (portals === 'all') return 'all of this gateway';
  const more = portals.length - domains.length;
  return [...domains.map(escape), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
