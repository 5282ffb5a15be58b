import { randomUUID } from 'node:crypto';
import type { Clock } from '@b24/portal';
import type { StoreConnection } from './connect-store';
import { loadScripts } from './load-scripts';
import { Poller } from './poller';

/** Ids of the encryption keys of a replica; never the keys. */
export interface KeysOfReplica {
  readonly writes: string;
  readonly reads: readonly string[];
}

const rollKey = 'b24:replicas';
const answerEveryMs = 10_000;
/** A replica that was killed counts for so long. */
export const countsForMs = 30_000;

/** Which replicas live, and which keys each writes and reads. It costs a script every ten seconds. */
export class RollCall {
  private readonly id = randomUUID();
  private readonly run;
  private poller: Poller | undefined;

  constructor(
    store: StoreConnection,
    private readonly clock: Clock,
    private readonly mine: KeysOfReplica,
  ) {
    this.run = loadScripts<{ answerRollCall: string[] }>(store, __dirname, { answerRollCall: 1 });
  }

  /** Counts this replica from now on. Answers the others. */
  async join(): Promise<KeysOfReplica[]> {
    const others = await this.answer(JSON.stringify(this.mine));
    this.poller?.stop();
    this.poller = new Poller({
      clock: this.clock,
      everyMs: answerEveryMs,
      run: () => this.answer(JSON.stringify(this.mine)),
    });
    this.poller.start('later');
    return others;
  }

  /** The others, without being counted. */
  others(): Promise<KeysOfReplica[]> {
    return this.answer('');
  }

  async leave(): Promise<void> {
    this.poller?.stop();
    await this.answer('').catch(() => undefined); // then it ends by itself
  }

  private async answer(words: string): Promise<KeysOfReplica[]> {
    const others = await this.run.answerRollCall(rollKey, this.id, words, countsForMs);
    return others.map((text) => JSON.parse(text) as KeysOfReplica);
  }
}

/** Why these replicas must not work side by side; undefined when each can read what any of them writes. */
export function keyConflict(mine: KeysOfReplica, others: readonly KeysOfReplica[]): string | undefined {
  for (const { writes, reads } of others) {
    if (!mine.reads.includes(writes))
      return `Another replica lives that writes under encryption key '${writes}', which is not in ENCRYPTION_KEYS here. Add it at the end, or stop that replica first.`;
    if (!reads.includes(mine.writes))
      return `Another replica lives that can't read encryption key '${mine.writes}', under which this one would write. Give every replica '${mine.writes}' at the end of ENCRYPTION_KEYS first, and only then at its beginning.`;
  }
  return undefined;
}
