import fc from 'fast-check';
import { PostTargets } from './post-targets';

const signs = fc.constantFrom(...'ab./\\?#%:@ \t0', '..', '%2e', 'https://', '[::1]', 'é');
const texts = fc.array(signs, { maxLength: 12 }).map((it) => it.join(''));
const parsed = (text: string) => {
  const { origin, pathname, search } = new URL(text);
  return { origin, path: `${pathname}${search}` };
};

describe('the target of a call', () => {
  it('is what the whole URL means, however often its endpoint was seen', () => {
    fc.assert(
      fc.property(fc.constantFrom('https://acme.example', '', 'http:'), texts, texts, (start, first, second) => {
        const targets = new PostTargets(() => true);
        for (const url of [`${start}/${first}/a.b`, `${start}/${first}/${second}`, `${start}/${first}/a.b`])
          if (URL.canParse(url)) expect(targets.of(url)).toEqual(parsed(url));
          else expect(() => targets.of(url)).toThrow('HOST_NOT_ALLOWED');
      }),
      { numRuns: 1000 },
    );
  });

  it('is checked once for each endpoint, and each time when it is not allowed', () => {
    const checked: string[] = [];
    const targets = new PostTargets(({ host, href }) => {
      checked.push(href);
      return host === 'acme.example';
    });
    for (const name of ['app.info', 'batch']) {
      expect(targets.of(`https://acme.example/rest/${name}`).path).toBe(`/rest/${name}`);
      expect(() => targets.of(`https://other.example/rest/${name}`)).toThrow('HOST_NOT_ALLOWED');
    }
    expect(checked).toEqual([
      'https://acme.example/rest/',
      'https://other.example/rest/',
      'https://other.example/rest/',
    ]);
  });
});
