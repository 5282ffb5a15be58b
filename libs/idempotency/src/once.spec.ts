import { Fault, type Secret } from '@b24/portal';
import { HandClock, settle } from '../../../test/support/hand-clock';
import { MemoryStorage } from '../../../test/support/memory-storage';
import { type KeptAnswer, Once, type WriteAnswer } from './once';
import type { Claim, WriteRecords } from './write-records';

const callLimitMs = 30_000;
const answer: WriteAnswer = { status: 201, headers: {}, body: '{"id":1}' };

/** A store that takes its time for some of its words. */
class SlowRecords implements WriteRecords {
  readonly noted: string[] = [];
  /** It refuses so many words about what a write came to. */
  refusals = 0;
  readonly silent = new Set<'take' | 'answer' | 'doubt' | 'free'>();
  private readonly waiting: (() => void)[] = [];

  /** It has its voice back. */
  speak(): void {
    this.silent.clear();
    for (const go of this.waiting.splice(0)) go();
  }

  async take() {
    await this.said('take');
    return { kind: 'taken' } as const;
  }

  renew(): Promise<boolean> {
    return Promise.resolve(true);
  }

  answer(_claim: Claim, _answer: Secret): Promise<void> {
    if (this.refusals-- > 0) return Promise.reject(new Fault('store_unavailable'));
    return this.said('answer');
  }

  doubt(): Promise<void> {
    return this.said('doubt');
  }

  async free(): Promise<boolean> {
    await this.said('free');
    return true;
  }

  private async said(word: 'take' | 'answer' | 'doubt' | 'free'): Promise<void> {
    if (this.silent.has(word)) await new Promise<void>((go) => this.waiting.push(go));
    this.noted.push(word);
  }
}

describe('a write with a key, while the store is silent', () => {
  const clock = new HandClock();
  const claim = { client: 'c', name: 'w', fingerprint: 'f', holder: 'h' };
  let records: SlowRecords;
  let once: Once;
  let caller: AbortController;
  let told: { answer: KeptAnswer } | Fault | undefined;

  const begin = (work: () => Promise<WriteAnswer>) => {
    const wait = { signal: caller.signal, deadlineAtMs: clock.now() + 1000 };
    clock.after(1000, () => {
      caller.abort(new Fault('deadline_exceeded'));
    });
    once.run(claim, wait, work, true).then(
      (it) => (told = it),
      (fault: unknown) => (told = fault as Fault),
    );
  };

  beforeEach(() => {
    records = new SlowRecords();
    once = new Once({ records, storage: new MemoryStorage(), clock, callLimitMs, renewEveryMs: 2000 });
    caller = new AbortController();
    told = undefined;
  });

  it('is told at its deadline that it was never sent, and gives back what it may have taken', async () => {
    records.silent.add('take');
    begin(() => Promise.reject(new Error('It was sent after all.')));
    await clock.advance(999);
    expect(told).toBeUndefined();
    await clock.advance(1);
    expect(told).toMatchObject({ code: 'deadline_exceeded' });
    records.speak();
    await settle();
    expect(records.noted).toEqual(['take', 'free']);
  });

  it.each([
    ['what it came to', 'answer', () => Promise.resolve(answer), { answer }],
    ['that nobody knows', 'doubt', () => Promise.reject(new Fault('outcome_unknown')), { code: 'outcome_unknown' }],
    [
      'that it was not done',
      'free',
      () => Promise.reject(new Fault('portal_unreachable')),
      { code: 'portal_unreachable' },
    ],
  ] as const)(
    'is told %s at its deadline, and it is noted as soon as it can be',
    async (_what, word, work, expected) => {
      records.silent.add(word);
      begin(work);
      await clock.advance(999);
      expect(told).toBeUndefined();
      await clock.advance(1);
      expect(told).toMatchObject(expected);
      expect(records.noted).toEqual(['take']);
      let settled = false;
      void once.settle().then(() => (settled = true));
      await settle();
      expect(settled).toBe(false);
      records.speak();
      await settle();
      expect([settled, records.noted]).toEqual([true, ['take', word]]);
    },
  );

  it('is told what it came to though the store is away, which is asked again until it has kept it', async () => {
    records.refusals = 3;
    begin(() => Promise.resolve(answer));
    await settle();
    expect([told, records.noted]).toEqual([{ answer, replayed: false }, ['take']]);
    await clock.advance(500);
    expect(records.noted).toEqual(['take']);
    await clock.advance(250);
    expect(records.noted).toEqual(['take', 'answer']);
    await once.settle();
  });

  it('is told what it came to only once that is noted, while there is time', async () => {
    begin(() => Promise.resolve(answer));
    await settle();
    expect([told, records.noted]).toEqual([{ answer, replayed: false }, ['take', 'answer']]);
  });
});
