import { type EndpointRules, portalEndpoint } from '@b24/grants';
import type { FastifyRequest } from 'fastify';
import type { PageFrame } from './show-page';

/** A domain name and the scheme before it. */
const maxGivenLength = 253 + 'https://'.length;

/**
 * Returns the portal that a user typed or a query names, with or without scheme and path. Undefined for a text that is
 * longer than any domain name or contains a control character, and for a host that is not allowed.
 */
export function portalNamed(given: string, rules: EndpointRules): { domain: string; origin: string } | undefined {
  if (given.length > maxGivenLength || /[\0-\x1f\x7f]/.test(given)) return undefined;
  const named = given.trim().replace(/^https?:\/\//i, '');
  const path = named.indexOf('/');
  const host = (path < 0 ? named : named.slice(0, path)).toLowerCase();
  const place = portalEndpoint(`https://${host}/rest/`, rules) ?? portalEndpoint(`http://${host}/rest/`, rules);
  if (!place) return undefined;
  // Plain HTTP is allowed only in a lab, where the portals do not support HTTPS.
  return { domain: place.domain, origin: `${rules.allowHttp ? 'http' : 'https'}://${place.domain}` };
}

/** Returns whether a browser asks for a page. */
export function prefersPage({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return /\btext\/html\b/i.test(headers.accept ?? '');
}

/**
 * Returns who may frame the page that a browser requests from a route of `pageDoor`, so that a refusal before its
 * controller is a page as well. Undefined for a request that is not a browser's.
 */
export function requestedPage(request: FastifyRequest, rules: EndpointRules): { frame?: PageFrame } | undefined {
  const { method, url } = request;
  if (!prefersPage(request)) return undefined;
  if (method === 'GET') return {};
  // The portal posts into its own frame.
  if (method !== 'POST') return undefined;
  const named = new URLSearchParams(url.slice(url.indexOf('?') + 1)).getAll('DOMAIN');
  const parent = named.length === 1 ? portalNamed(named[0] ?? '', rules) : undefined;
  return { frame: { ancestors: parent?.origin } };
}
