import { Bytes, entriesOf, LongText, writeJson } from '@b24/portal';
import { parsePhpParams } from './php-params';

const parse = (text: string) => parsePhpParams(Bytes.of(text));

describe('parameters as PHP parses them', () => {
  it('are strings in maps and lists; the last of two values of one name wins; a plus is a space', () => {
    const text = 'a=1&a=2&b[x][]=3&b[x][]=4&b[y%5Bz]=5&c[0]=6&c[2]=7&d.e=8+9&f=%zz&g';
    expect(parse(text)).toEqual({
      a: '2',
      b: { x: ['3', '4'], 'y[z': '5' },
      c: { 0: '6', 2: '7' },
      d_e: '8 9',
      f: '%zz',
      g: '',
    });
  });

  it.each([
    ['too many', 'a&'.repeat(10_001)],
    ['too deep', `a${'[b]'.repeat(64)}=1`],
    ['a long name', `${'a'.repeat(2001)}=1`],
    ['not UTF-8', 'a=%E9'],
    ['a name that is not UTF-8', 'a%E9=1'],
    ['a long value that is not UTF-8', `a=${'%E9'.repeat(50_000)}`],
    ['a name of brackets', '['.repeat(100_000)],
  ])('are refused when they are hostile (%s)', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
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
    ['a=%C3%A9&b=%zz%41%4', { a: 'é', b: '%zzA%4' }],
    ['a[constructor]=1&prototype=2', { a: { constructor: '1' }, prototype: '2' }],
    ['f[-5]=a&f[]=b&f[]=c', { f: { '-5': 'a', '-4': 'b', '-3': 'c' } }],
    ['f[05]=a&f[]=b', { f: { '05': 'a', 0: 'b' } }],
    ['f[-0]=a&f[]=b', { f: { '-0': 'a', 0: 'b' } }],
    ['f[7]=a&f[x]=b&f[]=c', { f: { 7: 'a', x: 'b', 8: 'c' } }],
    ['f[9223372036854775807]=a&f[]=b', { f: { '9223372036854775807': 'a' } }],
    ['f[9223372036854775808]=a&f[]=b', { f: { '9223372036854775808': 'a', 0: 'b' } }],
  ])('are what PHP makes of %s', (text, params) => {
    expect(parse(text)).toEqual(params);
  });

  it('may be as many as a server with Bitrix24 accepts', () => {
    expect(parse('a[]=1&'.repeat(10_000))).toEqual({ a: Array.from({ length: 10_000 }, () => '1') });
  });

  it('keep their order, whatever their names are', () => {
    const order = ['30', '5', '77', '__proto__', 'a'];
    const cmd = order.map((name) => `cmd[${name}]=x`).join('&');
    expect(writeJson(parse(cmd))).toBe('{"cmd":{"30":"x","5":"x","77":"x","__proto__":"x","a":"x"}}');
    expect(entriesOf(parse('9=a&1=b')).map(([name]) => name)).toEqual(['9', '1']);
  });

  it('may be long, and are decoded piece by piece', () => {
    const value = 'aé+%2B%F0%9F%98%80%"\\'.repeat(20_000);
    const { a } = parse(`a=${value}`);
    expect(a).toBeInstanceOf(LongText);
    expect(String(a) === 'aé +😀%"\\'.repeat(20_000)).toBe(true);
    expect((a as LongText).head(7)).toBe('aé +😀%');
    expect((a as LongText).jsonBytes).toBe(Buffer.byteLength(writeJson(a)) - 2);
  });
});
