import { type EndpointRules, portalEndpoint } from '@b24/grants';
import type { FastifyRequest } from 'fastify';
import type { Frame } from './show-page';

/** A portal as somebody typed it, or as a query names it: with or without scheme and path. */
export function portalNamed(given: string, rules: EndpointRules): { domain: string; origin: string } | undefined {
  const host = given
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
  const place = portalEndpoint(`https://${host}/rest/`, rules) ?? portalEndpoint(`http://${host}/rest/`, rules);
  if (!place) return undefined;
  // Plain http is allowed in a lab only, and there the portals speak nothing else.
  return { domain: place.domain, origin: `${rules.allowHttp ? 'http' : 'https'}://${place.domain}` };
}

/**
 * The page that a browser asks for, with who may frame it, so that a refusal before its controller is a page as well;
 * undefined when no page is asked for, or by something that is no browser.
 */
export function askedPage(
  { method, url, headers }: FastifyRequest,
  rules: EndpointRules,
): { frame?: Frame } | undefined {
  if (!/\btext\/html\b/i.test(headers.accept ?? '')) return undefined;
  const [path = '', query = ''] = url.split('?');
  if (method === 'GET' && /^\/(install|oauth\/callback)(\/[^/]+)?$/.test(path)) return {};
  if (method !== 'POST' || !/^\/(bitrix24\/install|oauth\/callback)(\/[^/]+)?$/.test(path)) return undefined;
  const named = new URLSearchParams(query).getAll('DOMAIN');
  const parent = named.length === 1 ? portalNamed(named[0] ?? '', rules) : undefined;
  return { frame: { ancestors: parent?.origin } };
}
