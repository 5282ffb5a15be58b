import type { StoreConnection } from './connect-store';

export interface RedisChannelOptions<Word> {
  readonly redis: StoreConnection;
  /** The channel's name, which docs/storage.md lists. */
  readonly name: string;
  /** Parses a published value. Returns undefined or throws for a value that does not belong here. */
  readonly read: (value: unknown) => Word | undefined;
  /** Called once, for the first message that can't be parsed or handled. */
  readonly onDropped: (reason: string) => void;
}

/**
 * A Redis channel between replicas. Anyone who may PUBLISH can send any text, and an error in an event handler would end
 * the process, so a text that can't be parsed is dropped and counted. Nothing else in the gateway subscribes to Redis.
 */
export class RedisChannel<Word> {
  /** How many texts were dropped. */
  droppedCount = 0;
  private subscriber: StoreConnection | undefined;

  constructor(private readonly options: RedisChannelOptions<Word>) {}

  /** Passes each message to the callback from now on, this replica's own included. */
  subscribe(take: (word: Word) => void): void {
    const { redis, name } = this.options;
    const subscriber = 'nodes' in redis ? redis.duplicate() : redis.duplicate();
    this.subscriber = subscriber;
    subscriber.on('error', () => undefined); // reported by the connection that calls use
    subscriber.on('ready', () => void subscriber.subscribe(name).catch(() => undefined));
    subscriber.on('message', (_channel: string, text: string) => {
      this.take(text, take);
    });
  }

  /** Publishes without waiting. The message is lost while Redis is down. */
  publish(value: object): void {
    const { redis, name } = this.options;
    if (redis.status !== 'ready') return;
    void redis.publish(name, JSON.stringify(value)).catch(() => undefined);
  }

  close(): void {
    this.subscriber?.disconnect();
  }

  /** Never throws. */
  take(text: string, take: (word: Word) => void): void {
    try {
      const word = this.options.read(JSON.parse(text));
      if (word === undefined) this.drop('A text that is none of ours.');
      else take(word);
    } catch (error) {
      // Its message may quote the text.
      this.drop(error instanceof Error ? error.name : typeof error);
    }
  }

  private drop(reason: string): void {
    if (++this.droppedCount === 1) this.options.onDropped(reason);
  }
}
