import type { Exchange } from './exchange';
import type { PhpInput } from './php-input';
import { encodeForm } from './php-query';
import type { InstalledApp, PortalState } from './portal-state';

/**
 * `/oauth/authorize/` on the portal's own host: a page with one button; errors stay on this page
 * (docs/bitrix24-rules.md#oauth).
 */
export function handleAuthorize(portal: PortalState, exchange: Exchange): void {
  const params = exchange.httpMethod === 'POST' ? { ...exchange.query, ...exchange.body() } : exchange.query;
  const problem = problemWith(portal, params);
  if (problem !== undefined) exchange.html(400, page(`<h1>Error</h1><p>${escaped(problem)}</p>`));
  else if (exchange.httpMethod === 'POST') exchange.redirect(callback(portal, params));
  else exchange.html(200, page(form(portal, params)));
}

/** The vendor knows where to go back to; what the caller says about it is ignored. */
function problemWith(portal: PortalState, params: PhpInput): string | undefined {
  if (portal.deleted) return 'This Bitrix24 was deleted.';
  const app = appNamed(portal, params);
  if (app === undefined) return 'Application not found.';
  return app.registration.callbackUrl === undefined ? 'The application has no return address.' : undefined;
}

function appNamed(portal: PortalState, params: PhpInput): InstalledApp | undefined {
  return portal.appOf(text(params['client_id']));
}

/** `state` goes back as it came: the vendor does not check it. */
function callback(portal: PortalState, params: PhpInput): string {
  const userId = Number(text(params['user_id'])) || 1;
  const app = appNamed(portal, params);
  app?.markInstalled();
  const query = encodeForm([
    ['code', portal.ledger.issueCode(portal.memberId, app?.clientId ?? '', userId)],
    ['state', text(params['state'])],
    ['domain', portal.domain],
    ['member_id', portal.memberId],
    ['scope', (app?.scope ?? []).join(',')],
    ['server_domain', portal.oauthServer.replace(/^https?:\/\//, '')],
  ]);
  const to = app?.registration.callbackUrl ?? '';
  return `${to}${to.includes('?') ? '&' : '?'}${query}`;
}

function form(portal: PortalState, params: PhpInput): string {
  return `<h1>Simulated portal ${escaped(portal.domain)}</h1>
<p>The application asks for access: ${escaped((appNamed(portal, params)?.scope ?? []).join(', '))}</p>
<form method="post" action="/oauth/authorize/">
<input type="hidden" name="client_id" value="${escaped(text(params['client_id']))}">
<input type="hidden" name="state" value="${escaped(text(params['state']))}">
<button type="submit">Allow</button>
</form>`;
}

function page(body: string): string {
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Bitrix24</title></head>\n<body>${body}</body></html>\n`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function escaped(value: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return value.replace(/[&<>"']/g, (char) => entities[char] ?? char);
}
