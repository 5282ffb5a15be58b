import type { PortalRecord } from '@b24/grants';
import { Fault, portalId } from '@b24/portal';
import fc from 'fast-check';
import { askPortalPage, faultPage, framePage, installedPage } from './pages';

const record: PortalRecord = {
  portal: portalId('a'.repeat(32)),
  kind: 'app',
  domain: 'acme.bitrix24.de',
  endpoint: 'https://acme.bitrix24.de/rest/',
  oauthServer: 'https://oauth.bitrix.info',
  scope: ['task'],
  installedAtMs: 0,
  suspended: false,
  version: 1,
};
const fault = (framed: boolean, given = new Fault('install_refused')) =>
  faultPage('n', given, { requestId: 'r1', framed, retryUrl: '/install' });
const markup = (html: string) => html.match(/<[^>]*>/g) ?? [];

describe('the pages of an install', () => {
  it('have the same tags whatever was given: no given text becomes HTML', () => {
    const pages = (text: string) => [
      askPortalPage('n', text, { given: text, message: text }),
      installedPage('n', { ...record, domain: text, scope: [text] }),
      framePage('n', { ...record, domain: text, scope: [text] }),
      faultPage('n', new Fault('install_refused', { detail: text }), { requestId: text, framed: true, retryUrl: text }),
    ];
    const tagsOf = (text: string) =>
      pages(text).map((html) => markup(html).map((tag) => tag.replace(/ (value|action|href)="[^"]*"/, '')));
    const text = fc.array(fc.constantFrom('<', '>', '"', "'", '&', '</main>', '<script>', '-->', 'a', ' '), {
      maxLength: 8,
    });
    const expected = tagsOf('acme');
    fc.assert(fc.property(text, (parts) => expect(tagsOf(parts.join(''))).toEqual(expected)));
  });

  it('show the error beside its field', () => {
    const html = askPortalPage('n', '/install', { given: 'acme', message: 'Not a portal.' });
    expect(html).toMatch(/<input [^>]*value="acme"[^>]* aria-describedby="told" aria-invalid="true"/);
    expect(html).toContain('<p class="bad" role="alert" id="told">Not a portal.</p>');
  });

  it('have the nonce on each of their styles and scripts', () => {
    const html = [framePage('n0', record), askPortalPage('n0', '/install'), fault(true)].join('');
    expect(html.match(/<style(?! nonce="n.?")/g)).toBeNull();
    expect(html.match(/<script(?! nonce="n0"| src="https:\/\/api\.bitrix24\.com\/api\/v1\/")/g)).toBeNull();
    expect(html).not.toMatch(/ (on\w+|style)=/);
  });

  it('link out of the frame to the page that starts again, because that page may not be framed', () => {
    expect(fault(true)).toContain('href="/install" target="_blank" rel="noopener"');
    expect(fault(false)).toContain('href="/install">Start again');
  });

  it('ask the user to wait where waiting helps, and promise nothing after a fault of the gateway', () => {
    expect(fault(false, new Fault('authorization_server_error'))).toContain('Wait a minute');
    expect(fault(false)).toContain('Nothing was changed');
    expect(fault(false, new Fault('internal_error'))).not.toContain('Nothing was changed');
  });

  it('say that a suspended portal cannot be called yet', () => {
    expect(installedPage('n', { ...record, suspended: true })).toContain('suspended');
    expect(installedPage('n', record)).not.toContain('suspended');
  });
});
