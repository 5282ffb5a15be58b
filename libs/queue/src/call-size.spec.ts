import { type Command, LongText } from '@b24/portal';
import { callSize } from './call-size';
import { queueFullFault } from './queue-full-fault';

const command = (params: Command['params'], more: Partial<Command> = {}): Command => ({
  ...{ method: 'mmmm', params, effect: 'read' },
  ...more,
});
const empty = 200 + 4 + 8 + 8;

describe('the size of a call', () => {
  it.each<[what: string, command: Command, bytes: number]>([
    ['no parameters', command({}), empty],
    ['a number', command({ ab: 1 }), empty + 2 + 8],
    ['null', command({ ab: null }), empty + 2 + 8],
    ['a text', command({ ab: 'xyz' }), empty + 2 + 8 + 3],
    ['a list', command({ ab: ['x', 'yz'] }), empty + 2 + 8 + (1 + 8 + 1) + (1 + 8 + 2)],
    ['nested values', command({ a: { bc: 'd' } }), empty + 1 + 8 + 2 + 8 + 1],
    ['commands inside', command({}, { inside: [{ name: 'a', method: 'b' }] }), empty + 200],
    ['a body of version 3', command({}, { v3: { body: { a: 'bc' } } }), empty + 1 + 8 + 2],
  ])('with %s is that of its texts and 8 bytes for each value', (_what, it, bytes) => {
    expect(callSize([it], () => 7)).toEqual({ batchBytes: 7, bytes });
  });

  it('counts a long text as one value', () => {
    const long = Object.create(LongText.prototype) as LongText;
    Object.assign(long, { some: 'text' });
    expect(callSize([command({ ab: long })], () => 7).bytes).toBe(empty + 2 + 8);
  });

  it.each<[sizes: (number | undefined)[], batchBytes: number | undefined]>([
    [[], 0],
    [[1, 2, 3], 6],
    [[1, undefined, 3], undefined],
    [[undefined, 1], undefined],
    [[0], 0],
  ])('of commands that take %j bytes in a batch is %s there', (sizes, batchBytes) => {
    const rest = [...sizes];
    const it = callSize(
      sizes.map(() => command({})),
      () => rest.shift(),
    );
    expect(it).toEqual({ batchBytes, bytes: empty * sizes.length });
  });
});

describe('a call that the queue has no slot for', () => {
  it.each<[what: string, waiting: number, sentPerSecond: number, retryAfterMs: number]>([
    ['when half of the queue will be sent', 40, 2, 10_000],
    ['in a second at the earliest', 2, 2, 1000],
    ['no later than any call waits', 1000, 2, 30_000],
  ])('may be retried %s', (_what, waiting, sentPerSecond, retryAfterMs) => {
    const fault = queueFullFault({ waiting, ofClient: 3, sentPerSecond, maxRetryAfterMs: 30_000 });
    expect(fault).toMatchObject({ code: 'queue_full', retryAfterMs });
    expect(fault.message).toBe(
      `${waiting} calls wait for this portal, 3 of them from this client; about 2 are sent per second. This call was not sent; retry after Retry-After.`,
    );
  });
});
