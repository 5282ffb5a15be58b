import { randomBytes } from 'node:crypto';
import { RedisChannel, type StoreConnection } from '@b24/redis';
import type { FastifyBaseLogger } from 'fastify';
import { parseLiveMessage, type LiveMessage } from './live-message';

export type { LiveMessage } from './live-message';

/** In docs/storage.md. Messages are published, never stored. */
const name = 'b24:console:live';

/** The channel between replicas. Nothing is published unless a console is open. */
export class LiveChannel {
  readonly replica = randomBytes(4).toString('hex');
  private readonly channel: RedisChannel<NonNullable<ReturnType<typeof parseLiveMessage>>>;

  constructor(redis: StoreConnection, log?: Pick<FastifyBaseLogger, 'warn'>) {
    const dropped = (reason: string) => {
      log?.warn(
        { channel: name, reason },
        'a text published to the replicas is dropped; others will be without a word',
      );
    };
    this.channel = new RedisChannel({ redis, name, read: parseLiveMessage, onDropped: dropped });
  }

  /** Passes the messages of other replicas to the callback from now on. */
  listen(received: (word: LiveMessage) => void): void {
    this.channel.subscribe(({ by, word }) => {
      if (by !== this.replica) received(word);
    });
  }

  /** Publishes a message. Lost figures are published again a second later. */
  say(word: LiveMessage): void {
    this.channel.publish({ by: this.replica, ...word });
  }

  close(): void {
    this.channel.close();
  }
}
