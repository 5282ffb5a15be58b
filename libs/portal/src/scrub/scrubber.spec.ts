import fc from 'fast-check';
import { secretsIn } from '../../../../test/support/secret-finder';
import { layers, wrapped } from '../../../../test/support/wrapped-secrets';
import { Secret } from '../secret';
import { linkRemoved, Scrubber, secretRemoved } from './scrubber';

const token = '5f2c84670079d3e1007a1c3500000001a0f1076e0f2d4b5d8a7c9e1f3b5d7f9a0c2e4f';
const portal = 'acme.bitrix24.de';
const scrubber = Scrubber.of([new Secret(token)], portal);
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('a portal answer', () => {
  const secret = fc.oneof(
    fc.stringMatching(/^[0-9a-f]{70}$/),
    fc.stringMatching(/^[0-9a-z]{16}$/),
    fc.stringMatching(/^[A-Za-z0-9_-]{43}$/),
  );

  it('shows a secret in no encoding, three layers deep, neither in names nor in values', () => {
    fc.assert(
      fc.property(secret, layers, layers, fc.string(), (it, first, second, harmless) => {
        const texts = [wrapped(it, first), wrapped(it, second)] as const;
        const body = JSON.stringify({ result: [{ [texts[0]]: 1, b: [`x ${texts[1]}`] }], harmless });
        const left = Scrubber.of([new Secret(it)]).body(body);
        const strings = JSON.stringify(JSON.parse(left));
        const found = [left, ...Object.keys(firstOf(strings)), String(Object.values(firstOf(strings)).at(-1))];
        expect(found.flatMap((text) => secretsIn(text, { it }))).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  it('is made of texts in which the independent finder does find the secret', () => {
    fc.assert(
      fc.property(secret, layers, (it, around) => {
        expect(secretsIn(wrapped(it, around), { it })).toEqual(['it']);
      }),
      { numRuns: 2000 },
    );
  });

  it('passes unchanged, byte for byte, when it holds no secret', () => {
    const file = fc
      .uint8Array({ minLength: 100, maxLength: 3000 })
      .map((bytes) => base64(Buffer.from(bytes).toString('latin1')));
    const long = fc.oneof(
      file,
      fc.stringMatching(/^[0-9a-f]{64,200}$/),
      fc.stringMatching(/^(?:\\u04[0-9a-f]{2}){10,40}$/),
    );
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      long,
      fc.webUrl({ withQueryParameters: true }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(text, fc.oneof(fc.json(), text, fc.double())),
        secret,
        fc.constantFrom(undefined, 2),
        (value, it, indent) => {
          const body = JSON.stringify({ result: value, time: { operating_reset_at: 1747216800 } }, undefined, indent);
          expect(Scrubber.of([new Secret(it)], portal).body(body)).toBe(body);
        },
      ),
      { numRuns: 3000 },
    );
  });

  it.each([
    '{"n":9007199254740993,"price":1.10,"10":1,"2":2,"big":1e400}',
    '{"photo":"https:\\/\\/cdn.bitrix24.de\\/b123\\/main\\/4b8\\/4b8c1a3f9e0d2b7a6c5f4e3d2c1b0a99\\/photo.png"}',
    `{"page":"https://${portal}/company/personal/user/1/","rest":"https://${portal}/rest/"}`,
    '{"text":"the docs at https://apidocs.bitrix24.com/rest/1/methods/?token=none say so"}',
    'no JSON at all',
  ])('keeps what is harmless: %s', (body) => {
    expect(scrubber.body(body)).toBe(body);
  });

  it('keeps everything around a link that it loses, numbers as they were written among it', () => {
    const url = `https://${portal}/rest/download.json?auth=${token}&token=disk%7CaWQ%7C${base64(`download|disk|aWQ|${token}`)}`;
    const body = `{"result":{"ID":9007199254740993,"DOWNLOAD_URL":${JSON.stringify(url)},"PRICE":1.10}}`;
    expect(scrubber.body(body)).toBe(
      `{"result":{"ID":9007199254740993,"DOWNLOAD_URL":${JSON.stringify(linkRemoved)},"PRICE":1.10}}`,
    );
  });

  it('is looked through also when it is no JSON, or only the beginning of one', () => {
    expect(scrubber.body(`<html>${token}</html>`)).toBe('<html>[secret]</html>');
    expect(scrubber.body(`{"result":{"a":"${token.replace('5', '\\u0035')}`)).not.toContain(token.slice(1));
  });
});

describe('a text', () => {
  const other = 'aaaa84670079d3e1007a1c3500000001a0f1076e0f2d4b5d8a7c9e1f3b5d7f9a0c2eff';

  it('loses a secret that it shows plainly, in any case, and keeps the rest', () => {
    expect(scrubber.text(`auth=${token}&x, again ${token.toUpperCase()}!`)).toBe('auth=[secret]&x, again [secret]!');
  });

  it('loses a secret that was cut off, as far as it is there', () => {
    expect(scrubber.text(`auth=${token.slice(0, 60)}…`)).toBe('auth=[secret]…');
    expect(scrubber.text(`…${token.slice(10)}`)).toBe('…[secret]');
    const hook = Scrubber.of([new Secret('qwertzuiopasdfgh')]);
    expect(hook.text('qwertzuiopasdfg')).toBe('[secret]');
  });

  it.each([
    ['base64', base64(`download|${token}`)],
    ['base64 that is broken into lines', base64(`download|${token}`).replace(/.{20}/g, '$&\r\n')],
    ['UTF-16 in base64', Buffer.from(token, 'utf16le').toString('base64')],
    ['quoted-printable', token.replaceAll('a', '=61').replace('c3', 'c=\r\n3')],
    ['four layers', encodeURIComponent(base64(Buffer.from(base64(token)).toString('hex')))],
  ])('that hides a secret in %s goes as a whole', (_, text) => {
    expect(scrubber.text(`see ${text} here`)).toBe(secretRemoved);
  });

  it.each([
    `https://${portal}/rest/1/0123456789abcdef/profile`,
    `https://${portal}:443/rest/1/0123456789abcdef/profile`,
    `https://${portal.toUpperCase()}/rest/upload.json?token=disk%7Cx`,
    `//${portal}/rest/download/?auth=${other}`,
    `/rest/download.json?auth=${other}`,
    `https://${portal}/bitrix/services/main/ajax.php?action=x&auth=${other}`,
    `https://former-name.bitrix24.de/rest/download.json?auth=${other}&token=x`,
    `https://viewer.example/?src=${encodeURIComponent(`https://${portal}/rest/1/0123456789abcdef/download/?token=disk%7Cx`)}`,
  ])('that is a link for whoever holds it is removed, whatever token it carries: %s', (url) => {
    const removed = scrubber.text(url);
    expect(removed).toBe(linkRemoved);
    expect(scrubber.text(`<a href="${url.replaceAll('&', '&amp;')}">file</a>`)).toBe(
      `<a href="${linkRemoved}">file</a>`,
    );
  });

  // What were quadratic would take hours.
  it.each([
    '[',
    '/rest/',
    '%25',
    '\\',
    '\\"',
    '&amp;',
    '&#',
    '\\u005c',
    '31',
    'YWFh',
    '=61',
    'a\n',
    '\n ',
    '"',
    '/rest/1/?token',
  ])('is looked through in the time that its length takes, whatever is repeated in it: %j', (piece) => {
    const text = piece.repeat(300_000 / piece.length);
    const body = JSON.stringify({ text, end: 1 });
    expect(scrubber.body(body).endsWith('"end":1}')).toBe(true);
    expect(scrubber.body(text).length).toBeGreaterThan(0);
  });
});

function firstOf(text: string): object {
  return (JSON.parse(text) as { result: [object] }).result[0];
}
