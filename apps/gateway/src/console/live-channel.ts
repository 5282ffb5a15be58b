import { randomBytes } from 'node:crypto';
import type { PortalId } from '@b24/portal';
import type { StoreConnection } from '@b24/store';
import type { Figures } from './live-figures';

/** Published, never stored; in docs/storage.md. */
const channel = 'b24:console:live';

/** Format of a word. A replica of another version may run beside this one, and what it says is left alone. */
const format = 2;

/** What replicas say to each other about being watched. */
export type Word =
  | { readonly kind: 'watch'; readonly portals: readonly PortalId[]; readonly closely: readonly PortalId[] }
  | { readonly kind: 'tell'; readonly replica: string; readonly figures: Figures };

/** All replicas hear each other here. It is silent while nobody watches. */
export class LiveChannel {
  readonly replica = randomBytes(4).toString('hex');
  private hearer: StoreConnection | undefined;

  constructor(private readonly redis: StoreConnection) {}

  /** Words of the other replicas, from now on. */
  listen(heard: (word: Word) => void): void {
    const hearer = 'nodes' in this.redis ? this.redis.duplicate() : this.redis.duplicate();
    this.hearer = hearer;
    hearer.on('error', () => undefined); // told by the connection that calls use
    hearer.on('ready', () => void hearer.subscribe(channel).catch(() => undefined));
    hearer.on('message', (_channel: string, text: string) => {
      const { by, format: theirs, ...word } = JSON.parse(text) as Word & { by: string; format?: number };
      if (theirs === format && by !== this.replica) heard(word);
    });
  }

  /** Figures that are lost are told anew a second later. */
  say(word: Word): void {
    if (this.redis.status !== 'ready') return;
    void this.redis.publish(channel, JSON.stringify({ by: this.replica, format, ...word })).catch(() => undefined);
  }

  close(): void {
    this.hearer?.disconnect();
  }
}
