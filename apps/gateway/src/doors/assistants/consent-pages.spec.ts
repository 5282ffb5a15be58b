import type { Client } from '@b24/access';
import { Fault, portalId } from '@b24/portal';
import fc from 'fast-check';
import { askConsentPage, askKeyPage, chooseClientPage, consentFaultPage, returnPage } from './consent-pages';
import type { ConsentRequest } from './consent-request';

const request: ConsentRequest = {
  ...{ clientId: 'id', name: 'Planner', challenge: 'x', redirectUri: 'https://assistant.example:8443/callback' },
};
const client: Client = { id: 'c_1', name: 'planning', scopes: ['call'], portals: 'all', createdAtMs: 0 };
const form = { nonce: 'n0', request, ticket: 't' };
const rightsOf = (more: Partial<Client>, domains: string[] = []) =>
  askConsentPage(form, { client: { ...client, ...more }, domains });

describe('the pages of a consent', () => {
  it('have the same tags whatever an app or a client is called: no name becomes HTML', () => {
    const pages = (text: string) => {
      const named = { ...form, ticket: text, request: { ...request, name: text } };
      return [
        askKeyPage(named, `Not known: ${text}`),
        chooseClientPage(named, [{ id: text, name: text }]),
        askConsentPage(named, { client: { ...client, name: text, portals: [], methods: [text] }, domains: [text] }),
        returnPage('n0', request, text, true),
        consentFaultPage('n0', new Fault('not_allowed', { detail: text }), text),
      ];
    };
    const tagsOf = (text: string) =>
      pages(text).map((html) =>
        (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/ (value|href|content)="[^"]*"/, '')),
      );
    const text = fc.array(fc.constantFrom('<', '>', '"', "'", '&', '</main>', '<script>', '-->', 'a', ' '), {
      maxLength: 8,
    });
    const expected = tagsOf('acme');
    fc.assert(fc.property(text, (parts) => expect(tagsOf(parts.join(''))).toEqual(expected)));
  });

  it('have the nonce on their style, and no script', () => {
    const html = [askKeyPage(form), rightsOf({}), returnPage('n0', request, 'https://a.example/', true)].join('');
    expect(html.match(/<style(?! nonce="n0")/g)).toBeNull();
    expect(html).not.toMatch(/<script| (on\w+|style)=/);
  });

  it('name the host that gets the answer, with its port', () => {
    for (const html of [askKeyPage(form), rightsOf({}), chooseClientPage(form, [])])
      expect(html).toContain('<strong>assistant.example:8443</strong>');
  });

  it('show each limit of the key, and leave out those that it has not', () => {
    const free = rightsOf({});
    expect(free).toContain('all of this gateway');
    for (const title of ['Methods', 'Rate', 'Until']) expect(free).not.toContain(`<dt>${title}</dt>`);
    const limited = rightsOf(
      {
        ...{ methods: ['crm.*'], rate: { perSecond: 2, burst: 5 }, expiresAtMs: Date.UTC(2026, 11, 24) },
        portals: Array.from({ length: 12 }, (_, i) => portalId(i.toString(16).padStart(32, '0'))),
      },
      Array.from({ length: 10 }, (_, i) => `portal${i}.bitrix24.com`),
    );
    for (const text of ['crm.*', '2 commands a second', '2026-12-24', 'portal9.bitrix24.com, and 2 more'])
      expect(limited).toContain(text);
  });

  it('say what to do where there is no client to choose', () => {
    expect(chooseClientPage(form, [])).toContain('Create one');
    expect(chooseClientPage(form, [])).not.toContain('<form');
  });
});
