import { HandClock } from '../../../test/support/hand-clock';
import { RefusedMethods } from './refused-methods';

describe('a method that is refused because the bucket is full', () => {
  it('is refused for itself at the third time with other answers in between', () => {
    const methods = new RefusedMethods(new HandClock());
    const received = [1, 2, 3, 4].map(() => {
      const own = methods.onRefused('crm.odd.get');
      methods.onAnswer(['user.current']);
      return own;
    });
    expect(received).toEqual(['first', 'again', 'own', 'own']);
  });

  it('is refused for the bucket while nothing else is answered', () => {
    const methods = new RefusedMethods(new HandClock());
    methods.onAnswer(['user.current']);
    expect([1, 2, 3, 4].map(() => methods.onRefused('m'))).toEqual(['first', 'again', 'again', 'again']);
  });

  it('is refused for the bucket again once it ran, and after ten minutes', async () => {
    const clock = new HandClock();
    const methods = new RefusedMethods(clock);
    const refused = (times: number) =>
      Array.from({ length: times }, () => {
        const own = methods.onRefused('M');
        methods.onAnswer(['other']);
        return own;
      }).at(-1);
    expect(refused(3)).toBe('own');
    methods.onAnswer(['m']);
    expect(refused(2)).toBe('again');
    expect(refused(1)).toBe('own');
    await clock.advance(600_000);
    expect(refused(1)).toBe('first');
  });

  it('is one of at most a hundred remembered methods', () => {
    const methods = new RefusedMethods(new HandClock());
    for (let times = 0; times < 3; times++) {
      for (let n = 0; n < 101; n++) expect(methods.onRefused(`m${n}`)).toBe('first');
      methods.onAnswer([]);
    }
  });
});
