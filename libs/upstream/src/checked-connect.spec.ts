import type { lookup } from 'node:dns';
import { checkedLookup } from './checked-connect';

/** A name server whose answers a test writes down, one for each time it is asked. */
const answering = (...answers: string[][]) =>
  ((_name: string, _options: object, callback: (error: null, found: object[]) => void) => {
    const found = answers.length > 1 ? (answers.shift() ?? []) : (answers[0] ?? []);
    callback(
      null,
      found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  }) as unknown as typeof lookup;
const mayConnect = (address: string) => !address.startsWith('10.');
const asked = (resolve: typeof lookup, all: boolean) =>
  new Promise((done) => {
    checkedLookup(mayConnect, resolve)('portal.example', { all }, (error, found) => {
      done(error ? error.code : found);
    });
  });

describe('the look-up of a name before a connection', () => {
  it('gives only addresses that may be connected to', async () => {
    const mixed = answering(['10.0.0.1', '1.1.1.1', '2606:4700::1111']);
    expect(await asked(mixed, true)).toEqual([
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700::1111', family: 6 },
    ]);
    expect(await asked(mixed, false)).toBe('1.1.1.1');
  });

  it('refuses a name that leads to none', async () => {
    expect(await asked(answering(['10.0.0.1', '10.0.0.2']), true)).toBe('HOST_NOT_ALLOWED');
    expect(await asked(answering(['10.0.0.1']), false)).toBe('HOST_NOT_ALLOWED');
    expect(await asked(answering([]), true)).toBe('HOST_NOT_ALLOWED');
  });

  it('judges each answer anew, so that a name cannot change its meaning after it was found good', async () => {
    const rebinding = answering(['1.1.1.1'], ['10.0.0.1']);
    expect(await asked(rebinding, false)).toBe('1.1.1.1');
    expect(await asked(rebinding, false)).toBe('HOST_NOT_ALLOWED');
  });

  it("passes on the name server's own failure", async () => {
    const failing = ((_name: string, _options: object, callback: (error: object) => void) => {
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
    }) as unknown as typeof lookup;
    expect(await asked(failing, true)).toBe('ENOTFOUND');
  });
});
