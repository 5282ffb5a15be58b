import { parseJsonParams, parsePhpParams } from './php-params';

describe('parameters as PHP reads them', () => {
  it('are text in maps and lists, the last of two of one name wins, and a plus is a space', () => {
    const text = 'a=1&a=2&b[x][]=3&b[x][]=4&b[y%5Bz]=5&c[0]=6&c[2]=7&d.e=8+9&f=%zz&g';
    expect(parsePhpParams(text)).toEqual({
      a: '2',
      b: { x: ['3', '4'], 'y[z': '5' },
      c: { 0: '6', 2: '7' },
      d_e: '8 9',
      f: '%zz',
      g: '',
    });
  });

  it.each([
    '__proto__[a]=1',
    'a[__proto__][b]=1',
    'a[constructor]=1',
    `${'a&'.repeat(1001)}`,
    `a${'[b]'.repeat(30)}=1`,
  ])('are refused when they are hostile, as %j', (text) => {
    expect(() => parsePhpParams(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('are none where JSON is no object', () => {
    for (const text of ['', '{', '[1]', 'null', '"x"']) expect(parseJsonParams(text)).toEqual({});
    expect(parseJsonParams('{"a":[1]}')).toEqual({ a: [1] });
  });
});
