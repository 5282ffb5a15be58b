import { withEncodedTarget } from './raw-urls';

describe('a request line with raw UTF-8', () => {
  it('is encoded in its target only, and the rest stays byte for byte', () => {
    const rest = 'Host: x\r\nX-Title: Тест\r\n\r\nТест';
    const packet = Buffer.from(`GET /rest/1/k/m?a=Ж+b&c=%41 HTTP/1.1\r\n${rest}`);
    expect(withEncodedTarget(packet)?.toString()).toBe(`GET /rest/1/k/m?a=%D0%96+b&c=%41 HTTP/1.1\r\n${rest}`);
  });

  it.each([
    ['nothing to encode', 'GET /a?b=1 HTTP/1.1\r\n\r\n'],
    ['no request line', 'Ж /a HTTP/1.1\r\n\r\n'],
    ['a space in the target', 'GET /a Ж HTTP/1.1\r\n\r\n'],
    ['another version', 'GET /Ж HTTP/2.0\r\n\r\n'],
    ['a line that is cut off', 'GET /Ж'],
    ['what belongs to a request before', 'x: y\r\n\r\nGET /Ж HTTP/1.1\r\n\r\n'],
  ])('is not made of a packet with %s', (_, text) => {
    expect(withEncodedTarget(Buffer.from(text))).toBeUndefined();
  });
});
