import { Fault } from '@b24/portal';
import fc from 'fast-check';
import { parsePhpForm } from './php-form';

const malformed = (text: string) => {
  try {
    parsePhpForm(text);
    return false;
  } catch (error) {
    return error instanceof Fault && error.code === 'invalid_request';
  }
};
const form = (pairs: [string, string][]) =>
  pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
/** Parts of forms, and of attacks on them. */
const piece = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'a',
  '[',
  ']',
  '=',
  '&',
  '%5B',
  '%5d',
  '%5f',
  '%',
  '+',
  '.',
);

describe('a form with the brackets of PHP', () => {
  it('becomes nested maps of strings', () => {
    const read = parsePhpForm('event=ONAPPINSTALL&auth%5Bmember_id%5D=a+b%2Bc&auth[scope]=%D1%8F&data[FIELDS][ID]=6');
    expect(read).toEqual({
      event: 'ONAPPINSTALL',
      auth: { member_id: 'a b+c', scope: 'я' },
      data: { FIELDS: { ID: '6' } },
    });
  });

  it('keeps every value a string, and a numbered list a map', () => {
    expect(parsePhpForm('a=1&b=true&c=null&d=&e[0]=x&e[1]=y')).toEqual({
      a: '1',
      b: 'true',
      c: 'null',
      d: '',
      e: { 0: 'x', 1: 'y' },
    });
  });

  it.each(['a=1&a=2', 'a[]=1&a[]=2', 'auth[x]=1&auth=2', 'auth=2&auth[x]=1'])(
    'refuses a name that comes twice (%s)',
    (text) => {
      expect(malformed(text)).toBe(true);
    },
  );

  it('refuses what is deeper or longer than the vendor makes it', () => {
    expect(malformed(`a${'[b]'.repeat(4)}=1`)).toBe(false);
    expect(malformed(`a${'[b]'.repeat(5)}=1`)).toBe(true);
    const fields = (count: number) => Array.from({ length: count }, (_, i) => `f${i}=1`).join('&');
    expect(malformed(fields(200))).toBe(false);
    expect(malformed(fields(201))).toBe(true);
  });

  it.each([
    '__proto__=1',
    '__proto__[x]=1',
    'auth[__proto__][x]=1',
    'auth%5B__proto__%5D=1',
    'auth[%5f%5Fproto%5f_]=1',
    'x=%zz&auth[%5f_proto__]=1',
    'auth[b=c][__proto__]=1',
    'constructor[prototype][x]=1',
    'auth[Constructor]=1',
    'auth[ prototype ]=1',
  ])('refuses a name that aims at a prototype (%s)', (text) => {
    expect(malformed(text)).toBe(true);
  });

  it('may contain any text in its values', () => {
    expect(parsePhpForm('a=__proto__&b=[constructor]&c=%5Bprototype')).toEqual({
      a: '__proto__',
      b: '[constructor]',
      c: '[prototype',
    });
  });

  it('returns what was encoded, whatever the values are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (member, scope) => {
        const read = parsePhpForm(
          form([
            ['auth[member_id]', member],
            ['scope', scope],
          ]),
        );
        expect(read).toEqual({ auth: { member_id: member }, scope });
      }),
    );
  });

  it('never pollutes a prototype, and never throws anything but a Fault', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece, { maxLength: 12 }).map((it) => it.join('')),
        ),
        (text) => {
          if (malformed(text)) return;
          const maps: unknown[] = [parsePhpForm(text)];
          for (const map of maps) {
            expect(typeof map === 'string' || Object.getPrototypeOf(map) === Object.prototype).toBe(true);
            if (typeof map === 'object' && map) maps.push(...Object.values(map));
          }
          expect(Object.keys(Object.prototype)).toEqual([]);
          expect(Object.keys(Object)).toEqual([]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
