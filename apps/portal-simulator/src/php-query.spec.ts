import { isTruthy } from './php-input';
import { phpJson } from './php-json';
import { encodeForm, parsePhpQuery } from './php-query';

describe('Parameters the PHP way', () => {
  it('are strings in nested maps, and lists where the keys count from zero', () => {
    expect(parsePhpQuery('a=1&b[c][d]=x+y&e[]=1&e[]=2&f[1]=z&g')).toEqual({
      a: '1',
      b: { c: { d: 'x y' } },
      e: ['1', '2'],
      f: { 1: 'z' },
      g: '',
    });
  });

  it('never reach the prototype of an object', () => {
    parsePhpQuery('__proto__[polluted]=1&a[__proto__][polluted]=1');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('survive broken percent signs', () => {
    expect(parsePhpQuery('a=%zz&b=100%')).toEqual({ a: '%zz', b: '100%' });
  });

  it('are written with encoded brackets and plus signs', () => {
    expect(encodeForm([['a[b]', "x y'"]])).toBe('a%5Bb%5D=x+y%27');
  });

  it('become lists or objects as their keys demand', () => {
    expect(phpJson(new Map())).toBe('[]');
    expect(phpJson(new Map([['0', 'a']]))).toBe('["a"]');
    expect(phpJson(new Map([['1', 'a']]))).toBe('{"1":"a"}');
  });

  it('are true or false as in PHP', () => {
    expect(['0', '', 0, [], {}, null].map(isTruthy)).toEqual([false, false, false, false, false, false]);
    expect(['false', 'a', 1, [0]].map(isTruthy)).toEqual([true, true, true, true]);
  });
});
