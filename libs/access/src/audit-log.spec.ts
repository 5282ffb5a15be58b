import { type Clock, portalId } from '@b24/portal';
import type { Redis } from 'ioredis';
import { EventEmitter } from 'node:events';
import { HandClock, settle } from '../../../test/support/hand-clock';
import type { AuditEntry, StoredAuditEntry } from './audit-entry';
import { type AuditFilter, AuditLog } from './audit-log';

const changesKey = 'b24:audit';
const refusedKey = '{b24:audit}:refused';
const portal = portalId('a'.repeat(32));
type StreamRow = [id: string, fields: string[]];

/** The two streams of the log, with ids that the clock makes. */
class AuditRedis extends EventEmitter {
  status = 'ready';
  /** What the next writes end with, in turn: the number of entries that are stored before one fails, or why none is. */
  failures: (number | Error | null)[] = [];
  readonly trims: unknown[][] = [];
  readonly reads: unknown[][] = [];
  readonly rows = new Map<string, StreamRow[]>([
    [changesKey, []],
    [refusedKey, []],
  ]);
  private lastMs = 0;
  private count = 0;

  constructor(private readonly clock: Clock) {
    super();
  }

  pipeline() {
    const writes: { key: string; text: string }[] = [];
    return {
      xadd: (key: string, maxLen: string, about: string, max: number, id: string, field: string, text: string) => {
        this.trims.push([maxLen, about, max, id, field]);
        writes.push({ key, text });
      },
      exec: () => this.write(writes),
    };
  }

  xrevrange(key: string, end: string, start: string, count: string, limit: number): Promise<StreamRow[]> {
    this.reads.push([key, end, start, count, limit]);
    if (this.status !== 'ready') return Promise.reject(new Error('away'));
    const isAfter = (id: string) =>
      end === '+' || (end.startsWith('(') ? isOlder(id, end.slice(1)) : !isOlder(end, id));
    const isBefore = (id: string) => start === '-' || Number(id.split('-')[0]) >= Number(start);
    const all = this.rows.get(key) ?? [];
    const last = all.findLastIndex(([id]) => isAfter(id));
    const rows = all.slice(Math.max(0, last - limit + 1), last + 1).reverse();
    return Promise.resolve(rows.filter(([id]) => isBefore(id)));
  }

  private write(writes: readonly { key: string; text: string }[]) {
    const failure = this.failures.shift();
    if (failure instanceof Error) return Promise.reject(failure);
    if (failure === null) return Promise.resolve(null);
    const done = writes.map(({ key, text }, i): [Error | null, string | null] => {
      if (failure !== undefined && i >= failure) return [new Error('OOM'), null];
      this.add(key, text);
      return [null, 'id'];
    });
    return Promise.resolve(done);
  }

  private add(key: string, text: string): void {
    const nowMs = this.clock.now();
    this.count = nowMs === this.lastMs ? this.count + 1 : 0;
    this.lastMs = nowMs;
    this.rows.get(key)?.push([`${nowMs}-${this.count}`, ['entry', text]]);
  }
}

function isOlder(a: string, b: string): boolean {
  const [msA = 0, countA = 0] = a.split('-').map(Number);
  const [msB = 0, countB = 0] = b.split('-').map(Number);
  return msA === msB ? countA < countB : msA < msB;
}

describe('the audit log', () => {
  let clock: HandClock;
  let streams: AuditRedis;
  let logged: { level: 'error' | 'info'; fields: Record<string, unknown>; words: string }[];
  let log: AuditLog;

  beforeEach(() => {
    clock = new HandClock();
    streams = new AuditRedis(clock);
    logged = [];
    log = new AuditLog({
      redis: streams as unknown as Redis,
      clock,
      log: {
        error: (fields, words) => logged.push({ level: 'error', fields: { ...fields }, words }),
        info: (fields, words) => logged.push({ level: 'info', fields: { ...fields }, words }),
      },
      maxEntries: 1000,
    });
  });

  const entry = (action: string, more: Partial<AuditEntry> = {}): AuditEntry => ({
    ...{ atMs: clock.now(), actor: 'c_1', action, status: 200, outcome: 'done', requestId: 'r1' },
    ...more,
  });
  const record = async (...entries: AuditEntry[]) => {
    for (const it of entries) log.record(it);
    await settle();
  };
  const stored = (key: string) =>
    (streams.rows.get(key) ?? []).map(([, [, text = '']]) => (JSON.parse(text) as StoredAuditEntry).action);
  const page = async (filter: AuditFilter = {}, limit = 100, before?: string) => {
    const { items, next } = await log.page(filter, { limit, ...(before !== undefined && { before }) });
    return { actions: items.map(({ action }) => action).join(' '), next };
  };
  const words = (level: 'error' | 'info') => logged.filter((it) => it.level === level).map((it) => it.words);

  it('writes an entry after the answer, under an id of its own, to the log of the process too', async () => {
    log.record(entry('a'));
    expect(stored(changesKey)).toEqual([]);
    await settle();
    expect(stored(changesKey)).toEqual(['a']);
    const [line] = logged;
    expect(line).toMatchObject({ level: 'info', words: 'audit', fields: { audit: { ...entry('a') } } });
    expect((line?.fields['audit'] as StoredAuditEntry).id).toMatch(/^[0-9a-f]{16}$/);
    expect(streams.trims).toEqual([['MAXLEN', '~', 1000, '*', 'entry']]);
  });

  it.each<[what: string, more: Partial<AuditEntry>, isChange: boolean]>([
    ['a write', {}, true],
    ['an unknown outcome', { outcome: 'outcome_unknown' }, true],
    ['an error of the portal', { outcome: 'portal_error' }, true],
    ['an answer that is too large', { outcome: 'answer_too_large' }, true],
    ['an unexpected error', { outcome: 'internal_error' }, true],
    ['a refusal', { outcome: 'not_allowed' }, false],
    ['a full queue', { outcome: 'queue_full' }, false],
    ['a replay', { ids: { replayed: true } }, false],
    ['what was so before', { ids: { unchanged: true } }, false],
    ['a call to no portal', { ids: { targets: 0 } }, false],
    ['a call to portals', { ids: { targets: 2, replayed: false, unchanged: false } }, true],
  ])('holds %s among the changes or apart from them: %j', async (_what, more, isChange) => {
    await record(entry('a', more));
    expect([stored(changesKey), stored(refusedKey)]).toEqual(isChange ? [['a'], []] : [[], ['a']]);
  });

  describe('while Redis fails', () => {
    it('waits for the connection, says so once, and writes each entry once, in order', async () => {
      streams.status = 'reconnecting';
      await record(entry('a'), entry('b'));
      await clock.advance(500);
      expect(stored(changesKey)).toEqual([]);
      streams.status = 'ready';
      streams.emit('ready');
      await settle();
      expect([stored(changesKey), words('error')]).toEqual([['a', 'b'], ['cannot write the audit log; entries wait']]);
      expect(logged.find(({ level }) => level === 'error')?.fields).toEqual({ failure: 'not connected' });
      expect(words('info').at(-1)).toBe('audit log writes resumed');
      expect([clock.pending, streams.listenerCount('ready')]).toEqual([0, 0]);
    });

    it('tries every 500 ms', async () => {
      streams.failures = [new Error('lost'), new Error('lost')];
      await record(entry('a'));
      await clock.advance(999);
      expect(stored(changesKey)).toEqual([]);
      await clock.advance(1);
      expect([stored(changesKey), streams.listenerCount('ready')]).toEqual([['a'], 0]);
      expect(words('error')).toHaveLength(1);
      await record(entry('b'));
      expect(words('info').filter((it) => it === 'audit log writes resumed')).toHaveLength(1);
    });

    it.each<[what: string, failure: number | Error | null, failureText: string]>([
      ['fails in the middle', 1, 'OOM'],
      ['fails as a whole', new Error('lost'), 'lost'],
      ['has no answer', null, 'no answer'],
    ])('writes the rest when a write %s', async (_what, failure, failureText) => {
      streams.failures = [failure];
      await record(entry('a'), entry('b'), entry('c'));
      expect(logged.find(({ level }) => level === 'error')?.fields).toEqual({ failure: failureText });
      await clock.advance(500);
      expect(stored(changesKey)).toEqual(['a', 'b', 'c']);
    });
  });

  it('writes a hundred entries at a time', async () => {
    streams.failures = [100];
    await record(...Array.from({ length: 150 }, (_, i) => entry(`a${i}`)));
    expect([stored(changesKey).length, words('error')]).toEqual([150, []]);
  });

  it('drops and logs the oldest when more than ten thousand wait, and writes no other twice', async () => {
    streams.status = 'reconnecting';
    await record(...Array.from({ length: 10_002 }, (_, i) => entry(`a${i}`)));
    const unstored = logged.filter((it) => it.words === 'could not store this audit entry');
    expect(unstored.map(({ fields }) => (fields['entry'] as AuditEntry).action)).toEqual(['a0', 'a1']);
    streams.status = 'ready';
    streams.emit('ready');
    await log.settle();
    expect([stored(changesKey).length, stored(changesKey)[0]]).toEqual([10_000, 'a2']);
  });

  it('settles when nothing waits', async () => {
    log.record(entry('a'));
    await log.settle();
    expect([stored(changesKey), clock.pending]).toEqual([['a'], 0]);
    await log.settle();
  });

  it('logs what Redis does not accept within five seconds of its end', async () => {
    streams.status = 'reconnecting';
    await record(entry('a'));
    let isSettled = false;
    void log.settle().then(() => (isSettled = true));
    await clock.advance(4999);
    expect(isSettled).toBe(false);
    await clock.advance(501);
    expect([isSettled, words('error').at(-1)]).toEqual([true, 'could not store this audit entry']);
    expect(logged.at(-1)?.fields).toMatchObject({ entry: { action: 'a' } });
  });

  describe('read page by page', () => {
    it('has the newest first, each entry once, from both streams', async () => {
      await record(entry('a'), entry('b', { outcome: 'not_allowed' }), entry('c'));
      await clock.advance(10);
      await record(entry('d', { outcome: 'not_allowed' }), entry('e'));
      const read: string[] = [];
      let next: string | undefined;
      do {
        const it = await page({}, 2, next);
        read.push(it.actions);
        next = it.next;
      } while (next);
      expect(read).toEqual(['e d', 'c b', 'a']);
      expect(await page()).toEqual({ actions: 'e d c b a', next: undefined });
    });

    it('reads entries of one id in both streams once', async () => {
      const text = (action: string) => ['entry', JSON.stringify({ ...entry(action), id: action })];
      for (const [key, action] of [
        [changesKey, 'a'],
        [refusedKey, 'b'],
      ] as const)
        streams.rows.get(key)?.push(['5-0', text(action)]);
      const first = await page({}, 1);
      expect(first).toEqual({ actions: 'a', next: '5-0-r' });
      const second = await page({}, 1, first.next);
      expect(second).toEqual({ actions: 'b', next: '5-0' });
      expect(await page({}, 1, second.next)).toEqual({ actions: '', next: undefined });
    });

    it.each<[newer: string, older: string]>([
      ['10-0', '9-0'],
      ['9-10', '9-9'],
      ['10-1', '9-5'],
    ])('knows that %s is newer than %s, in either stream', async (newer, older) => {
      for (const keys of [
        [changesKey, refusedKey],
        [refusedKey, changesKey],
      ] as const) {
        const text = (action: string) => ['entry', JSON.stringify({ ...entry(action), id: action })];
        streams.rows.set(keys[0], [[newer, text('newer')]]);
        streams.rows.set(keys[1], [[older, text('older')]]);
        expect((await page()).actions).toBe('newer older');
      }
    });

    it('has an entry once that was stored twice', async () => {
      const text = ['entry', JSON.stringify({ ...entry('a'), id: 'same' })];
      streams.rows.set(changesKey, [
        ['5-0', text],
        ['6-0', text],
      ]);
      expect(await page()).toEqual({ actions: 'a', next: undefined });
    });

    it.each<[filter: AuditFilter, actions: string]>([
      [{}, 'b a'],
      [{ portal }, 'b'],
      [{ actor: 'c_1' }, 'a'],
      [{ action: 'a' }, 'a'],
      [{ outcome: 'not_allowed' }, 'b'],
      [{ requestId: 'r2' }, 'b'],
      [{ actor: 'c_1', requestId: 'r2' }, ''],
      [{ fromMs: 1_700_000_000_001 }, 'b'],
      [{ fromMs: 1_700_000_000_000 }, 'b a'],
      [{ toMs: 1_700_000_000_001 }, 'a'],
      [{ toMs: 1_700_000_000_002 }, 'b a'],
    ])('finds by %j: %s', async (filter, actions) => {
      await record(entry('a'));
      await clock.advance(1);
      await record(entry('b', { portal, actor: 'c_2', outcome: 'not_allowed', requestId: 'r2' }));
      expect((await page(filter)).actions).toBe(actions);
    });

    it('reads no further back than a minute before the time that is asked for', async () => {
      await page({ fromMs: 100_000 });
      await page({ fromMs: 1000 });
      expect(streams.reads).toEqual([
        [changesKey, '+', '40000', 'COUNT', 500],
        [refusedKey, '+', '40000', 'COUNT', 500],
        [changesKey, '+', '0', 'COUNT', 500],
        [refusedKey, '+', '0', 'COUNT', 500],
      ]);
    });

    it('ends a page after ten thousand entries, and says where to go on', async () => {
      const rows = Array.from({ length: 10_001 }, (_, i): StreamRow => [
        `${i + 1}-0`,
        ['entry', JSON.stringify({ ...entry('a'), id: `${i}` })],
      ]);
      streams.rows.set(changesKey, rows);
      const first = await page({ action: 'b' });
      expect(first).toEqual({ actions: '', next: '2-0-r' });
      expect(streams.reads.filter(([key]) => key === changesKey)).toHaveLength(20);
      expect(await page({ action: 'b' }, 100, first.next)).toEqual({ actions: '', next: undefined });
    });

    it('reads a stream to its end once', async () => {
      await record(...Array.from({ length: 3 }, (_, i) => entry(`a${i}`)));
      await page();
      expect(streams.reads).toHaveLength(2);
    });

    it('starts at the beginning after a page that nobody made', async () => {
      await record(entry('a'));
      for (const before of ['', 'x', '5', 'x5-0', '5-0x']) expect((await page({}, 1, before)).actions).toBe('a');
      expect((await page({}, 1, '0-0')).actions).toBe('');
    });

    it('fails while Redis is away', async () => {
      streams.status = 'end';
      await expect(page()).rejects.toMatchObject({ code: 'store_unavailable' });
    });
  });
});
