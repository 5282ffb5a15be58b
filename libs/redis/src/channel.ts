import type { StoreConnection } from './connect-store';

export interface ChannelOptions<Word> {
  readonly redis: StoreConnection;
  /** Published, never stored; in docs/storage.md. */
  readonly name: string;
  /** What a published value means; undefined or an error when it is nothing that may be said here. */
  readonly read: (value: unknown) => Word | undefined;
  /** Called once, for the first text that could not be read or acted upon. */
  readonly dropped: (reason: string) => void;
}

/**
 * A Redis channel between replicas. Whoever can PUBLISH may send any text, and an error in an event handler would end the
 * process: so what can't be read is dropped and counted. No other place subscribes to anything.
 */
export class Channel<Word> {
  /** Texts that were dropped. */
  droppedCount = 0;
  private subscriber: StoreConnection | undefined;

  constructor(private readonly options: ChannelOptions<Word>) {}

  /** Calls back with each word from now on, one's own among them. */
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

  /** Nobody waits for it, and it is lost while Redis is away. */
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
    if (++this.droppedCount === 1) this.options.dropped(reason);
  }
}
