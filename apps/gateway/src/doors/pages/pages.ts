import type { PortalRecord } from '@b24/grants';
import type { Fault } from '@b24/portal';
import { escape, page } from './page-layout';

/** The page with one field, which submits to `action`. */
export function askPortalPage(
  nonce: string,
  action: string,
  mistake?: { readonly given: string; readonly message: string },
): string {
  const message = mistake ? `<p class="bad" role="alert" id="told">${escape(mistake.message)}</p>` : '';
  return page(
    mistake ? 'Not connected: check the address' : 'Connect a portal',
    nonce,
    `<h1>Connect a Bitrix24 portal</h1>
<p>You go to the portal, sign in there as an administrator and allow the app. Then you come back here.</p>
<form action="${escape(action)}" method="get">
<label for="portal">Address of the portal</label>
<input id="portal" name="portal" value="${escape(mistake?.given ?? '')}" placeholder="company.bitrix24.com" autocomplete="url" autocapitalize="none" spellcheck="false" required maxlength="253"${mistake ? ' aria-describedby="told" aria-invalid="true"' : ''} autofocus>
${message}
<button type="submit">Continue to the portal</button>
</form>
<p class="soft note">Your password is asked for by the portal only; this page never sees it.</p>`,
  );
}

/** The end of the authorization-code flow. */
export function installedPage(nonce: string, record: PortalRecord): string {
  const { domain, portal, scope } = record;
  const next = heldBack(record) ?? 'Services with a key can call it now. You can close this page.';
  return page(
    'Portal connected',
    nonce,
    `<h1 class="good">The portal is connected</h1>
<p>${next}</p>
${grantorNote(record)}<dl><dt>Portal</dt><dd>${escape(domain)}</dd><dt>Member id</dt><dd><code>${escape(portal)}</code></dd><dt>Allowed</dt><dd>${escape(scope.join(', ') || 'nothing yet')}</dd></dl>
<p class="soft note">${taskHint(scope)}</p>`,
  );
}

/** The install page inside the portal. It reports to Bitrix24 that the install is finished. */
export function framePage(nonce: string, record: PortalRecord): string {
  const { domain, scope } = record;
  const services = `Your company’s services can now work with <strong>${escape(domain)}</strong>.`;
  return page(
    'App installed',
    nonce,
    `<h1 class="good">The app is installed</h1>
<p>${heldBack(record) ?? services}</p>
${grantorNote(record)}<p id="told">There is nothing more to do here.</p>
<p class="bad" id="untold" role="alert" hidden>Bitrix24 could not be told that the install is finished, because its own script did not load. Open the app in Bitrix24 again.</p>
<p class="soft note">${taskHint(scope)}</p>
<noscript><p class="bad">Bitrix24 is told that the install is finished by a script, which this browser does not run.</p></noscript>
<script src="https://api.bitrix24.com/api/v1/"></script>
<script nonce="${nonce}">if (window.BX24) BX24.init(function () { BX24.installFinish(); }); else { told.hidden = true; untold.hidden = false; }</script>`,
  );
}

/** Returns why no call succeeds yet; undefined when calls succeed. */
function heldBack({ waitingSinceMs, suspended }: PortalRecord): string | undefined {
  if (waitingSinceMs !== undefined)
    return 'It is new here and waits: whoever runs this gateway must admit it before calls pass.';
  return suspended ? 'It is suspended here: whoever runs this gateway must let calls pass again.' : undefined;
}

/** Explains what an install by a user who is not an administrator means. */
function grantorNote({ byAdministrator }: PortalRecord): string {
  if (byAdministrator !== false) return '';
  return '<p>The portal says that you are not its administrator. Services have your rights there until an administrator connects it.</p>\n';
}

/** The page of an app that is opened from the portal's menu. `retryUrl` connects the portal again. */
export function openedPage(nonce: string, domain: string, retryUrl: string): string {
  return page(
    'Nothing to do here',
    nonce,
    `<h1>This app works in the background</h1>
<p>Your company’s services use it to work with <strong>${escape(domain)}</strong>. There is nothing to do here.</p>
<p>If they say that the portal must be authorized again, an administrator of the portal can do that:</p>
<p><a class="button" href="${escape(retryUrl)}" target="_blank" rel="noopener">Connect the portal again, in a new tab</a></p>`,
  );
}

/** The page of a fault: what went wrong and what to do next. `retryUrl` starts again. */
export function faultPage(
  nonce: string,
  fault: Fault,
  shown: { requestId: string; framed: boolean; retryUrl: string },
): string {
  const { code, title, message } = fault;
  // The page that starts again may not be framed.
  const retryUrl = shown.framed
    ? `<a class="button" href="${escape(shown.retryUrl)}" target="_blank" rel="noopener">Connect the portal in a new tab</a>`
    : `<a class="button" href="${escape(shown.retryUrl)}">Start again</a>`;
  return page(
    title,
    nonce,
    `<h1 class="bad">${escape(title)}</h1>
<p>${escape(message)}</p>
<p>${nextStep(fault, shown.framed)}</p>
<p>${retryUrl}</p>
<p class="soft note">If it happens again, tell whoever runs this gateway: <code>${escape(code)}</code>, request <code>${escape(shown.requestId)}</code>.</p>`,
  );
}

function nextStep(fault: Fault, framed: boolean): string {
  if (fault.code === 'internal_error') return 'Its log says more.';
  if (fault.code === 'administrator_required')
    return 'If the connection is to be replaced, ask an administrator of the portal to open this page.';
  if (fault.code === 'administrator_unknown') return 'Wait a minute, then open this page again.';
  if (fault.retryable('write')) return 'Nothing was changed. Wait a minute, then try again.';
  if (framed)
    return 'Close the app and open it in Bitrix24 again. If you only loaded this page a second time, the app is installed already.';
  return 'Nothing was changed: what was connected before still is.';
}

function taskHint(scope: readonly string[]): string {
  return scope.includes('task')
    ? 'The app may work with tasks and scrum backlogs.'
    : 'The app lacks the permission “task”, without which scrum backlogs can’t be read; add it to the app in Bitrix24 and install it again.';
}
