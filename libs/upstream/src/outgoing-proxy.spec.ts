import { inspect } from 'node:util';
import { parseProxyUrl } from './outgoing-proxy';

describe('the URL of a proxy', () => {
  it.each([
    ['http://proxy.corp.example:3128', 'http://proxy.corp.example:3128'],
    ['proxy.corp.example:3128/', 'http://proxy.corp.example:3128'],
    ['https://10.0.0.9', 'https://10.0.0.9'],
    ['http://[fd00::9]:3128', 'http://[fd00::9]:3128'],
  ])('%s leads to %s', (text, origin) => {
    expect(parseProxyUrl(text)).toEqual({ origin });
  });

  it('holds a login, which is decoded for the header and never printed', () => {
    const proxy = parseProxyUrl('http://acme%5Cada:p%40ss%3A-canary@proxy.corp.example:3128');
    const login = Buffer.from('acme\\ada:p@ss:-canary').toString('base64');
    expect(proxy.authorization?.reveal()).toBe(`Basic ${login}`);
    const printed = `${JSON.stringify(proxy)}${inspect(proxy, { depth: 9 })}`;
    expect([printed.includes(login), printed.includes('canary'), printed.includes('ada')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(parseProxyUrl('ada@proxy.corp.example').authorization?.reveal()).toBe(`Basic ${btoa('ada:')}`);
  });

  it.each([
    'socks5://proxy.corp.example:1080',
    'http://',
    'http://ada:pass/word-canary@proxy.corp.example',
    'http://ada:1#canary@proxy.corp.example',
    'http://ada:1?canary@proxy.corp.example',
    'http://ada:%zzcanary@proxy.corp.example',
    'http://proxy.corp.example/canary',
  ])('%s is refused without repeating it', (text) => {
    let message = '';
    try {
      parseProxyUrl(text);
    } catch (error) {
      ({ message } = error as Error);
    }
    expect(message).not.toBe('');
    expect(message).not.toMatch(/canary|corp/);
  });
});
