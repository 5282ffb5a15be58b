import fc from 'fast-check';
import { RedisChannel } from './redis-channel';
import type { StoreConnection } from './connect-store';

const channelOf = (read: (value: unknown) => unknown) => {
  const reported: string[] = [];
  const dropped = (reason: string) => reported.push(reason);
  return {
    channel: new RedisChannel({ redis: {} as StoreConnection, name: 'test', read, onDropped: dropped }),
    reported,
  };
};

describe('a published text', () => {
  it('never ends the process, whatever it contains and whatever its handler does', () => {
    const boom = () => {
      throw new Error('of whoever listens');
    };
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.boolean(), (text, isRead) => {
        const { channel } = channelOf((value) => (isRead ? value : boom()));
        channel.take(text, boom);
      }),
    );
  });

  it('is dropped when it cannot be parsed; every one is counted, the first is reported without its content', () => {
    const { channel, reported } = channelOf((value) => (typeof value === 'number' ? value : undefined));
    const taken: unknown[] = [];
    for (const text of ['secret-canary', '{"a":', '"text"', '', '7']) channel.take(text, (word) => taken.push(word));
    expect([taken, channel.droppedCount]).toEqual([[7], 4]);
    expect(reported).toEqual(['SyntaxError']);
  });
});
