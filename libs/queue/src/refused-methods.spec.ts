import { HandClock } from '../../../test/support/hand-clock';
import { RefusedMethods } from './refused-methods';

describe('a method that is told that the bucket is full', () => {
  it('says so of itself at the third time that others were answered in between', () => {
    const methods = new RefusedMethods(new HandClock());
    const heard = [1, 2, 3, 4].map(() => {
      const own = methods.refused('crm.odd.get');
      methods.answered(['user.current']);
      return own;
    });
    expect(heard).toEqual(['first', 'again', 'own', 'own']);
  });

  it('says so of the bucket while nothing else is answered', () => {
    const methods = new RefusedMethods(new HandClock());
    methods.answered(['user.current']);
    expect([1, 2, 3, 4].map(() => methods.refused('m'))).toEqual(['first', 'again', 'again', 'again']);
  });

  it('says so of the bucket again once it was run itself, and after ten minutes', async () => {
    const clock = new HandClock();
    const methods = new RefusedMethods(clock);
    const refused = (times: number) =>
      Array.from({ length: times }, () => {
        const own = methods.refused('M');
        methods.answered(['other']);
        return own;
      }).at(-1);
    expect(refused(3)).toBe('own');
    methods.answered(['m']);
    expect(refused(2)).toBe('again');
    expect(refused(1)).toBe('own');
    await clock.advance(600_000);
    expect(refused(1)).toBe('first');
  });

  it('is one of a hundred that are remembered, whatever names callers make up', () => {
    const methods = new RefusedMethods(new HandClock());
    for (let times = 0; times < 3; times++) {
      for (let n = 0; n < 101; n++) expect(methods.refused(`m${n}`)).toBe('first');
      methods.answered([]);
    }
  });
});
