import fc from 'fast-check';
import { findLoneSurrogate } from './find-lone-surrogate';

describe('parameters that PHP could not read', () => {
  it.each([
    [{ fields: { TITLE: 'Order \ud83d' } }, 'fields.TITLE'],
    [{ fields: { TITLE: '\ude00 Order' } }, 'fields.TITLE'],
    [{ list: ['fine', { x: '\udc00\ud800' }] }, 'list.1.x'],
    [{ cmd: { a: 'crm.deal.add?fields[TITLE]=\ud83d' } }, 'cmd.a'],
    [{ 'a\ud800': 1 }, 'a\ufffd'],
    [{ a: { '\udfff': {} } }, 'a.\ufffd'],
  ])('are named by the place of what they hold: %j', (params, path) => {
    expect(findLoneSurrogate(params)).toBe(path);
  });

  it('are those, and no others, whose JSON text does not survive UTF-8', () => {
    const text = fc
      .array(fc.constantFrom('\ud83d', '\ude00', 'я', 'a', '😀'), { maxLength: 5 })
      .map((it) => it.join(''));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, text, fc.array(tie('tree')), fc.dictionary(text, tie('tree')), fc.integer()),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const written = JSON.stringify({ value });
        expect(findLoneSurrogate({ value }) === undefined).toBe(!/\\ud[89a-f]/.test(written));
      }),
      { numRuns: 1000 },
    );
  });
});
