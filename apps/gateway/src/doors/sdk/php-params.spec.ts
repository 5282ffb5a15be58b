import { parseJsonParams, parsePhpParams } from './php-params';

describe('parameters as PHP parses them', () => {
  it('are strings in maps and lists; the last of two values of one name wins; a plus is a space', () => {
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
    ['__proto__', '__proto__[a]=1'],
    ['__proto__ within', 'a[__proto__][b]=1'],
    ['constructor', 'a[constructor]=1'],
    ['prototype', 'a[prototype]=1'],
    ['too many', 'a&'.repeat(10_001)],
    ['too deep', `a${'[b]'.repeat(30)}=1`],
    ['a long name', `${'a'.repeat(2001)}=1`],
    ['a name of brackets', '['.repeat(100_000)],
  ])('are refused when they are hostile (%s)', (_what, text) => {
    expect(() => parsePhpParams(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  // The results of PHP's own parse_str.
  it.each([
    ['a[b=1', { a_b: '1' }],
    ['a[b.c=1', { a_b_c: '1' }],
    ['a[b.[c=1', { a_b__c: '1' }],
    ['a[b][c=1', { a: { b: '1' } }],
    ['a[b]c[d]=1', { a: { b: '1' } }],
    ['a[[b]=1', { a: { '[b': '1' } }],
    ['a[b]]=1', { a: { b: '1' } }],
    ['[a]=1&=2&&b', { b: '' }],
    [' a.b c[x.y]=1', { a_b_c: { 'x.y': '1' } }],
    ['a[ ]=1&a[ b]=2', { a: { 0: '1', ' b': '2' } }],
    ['a[]=1&a=2', { a: '2' }],
    ['a=1&a[b]=2', { a: { b: '2' } }],
    ['a%00b=1', { a: '1' }],
    ['a[b%00c]=1', { a_b: '1' }],
    ['a=%E9&b=%zz%41', { a: '\ufffd', b: '%zzA' }],
    ['f[-5]=a&f[]=b&f[]=c', { f: { '-5': 'a', '-4': 'b', '-3': 'c' } }],
    ['f[05]=a&f[]=b', { f: { '05': 'a', 0: 'b' } }],
    ['f[-0]=a&f[]=b', { f: { '-0': 'a', 0: 'b' } }],
    ['f[7]=a&f[x]=b&f[]=c', { f: { 7: 'a', x: 'b', 8: 'c' } }],
    ['f[9223372036854775807]=a&f[]=b', { f: { '9223372036854775807': 'a' } }],
    ['f[9223372036854775808]=a&f[]=b', { f: { '9223372036854775808': 'a', 0: 'b' } }],
  ])('are what PHP makes of %s', (text, params) => {
    expect(parsePhpParams(text)).toEqual(params);
  });

  it('may be as many as a server with Bitrix24 accepts', () => {
    expect(parsePhpParams('a[]=1&'.repeat(10_000))).toEqual({ a: Array.from({ length: 10_000 }, () => '1') });
  });

  it('are empty for a JSON value that is not an object', () => {
    for (const text of ['', '{', '[1]', 'null', '"x"']) expect(parseJsonParams(text)).toEqual({});
    expect(parseJsonParams('{"a":[1]}')).toEqual({ a: [1] });
  });
});
