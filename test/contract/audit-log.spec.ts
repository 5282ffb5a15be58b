import { type AuditEntry, AuditLog } from '@b24/access';
import { portalId, systemClock } from '@b24/portal';
import type { Redis } from 'ioredis';
import { eventually } from '../support/gateway';
import { RedisServer } from '../support/redis-server';

const portal = portalId('a'.repeat(32));
const entry = (n: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  atMs: 1_700_000_000_000 + n * 1000,
  actor: 'admin',
  action: 'addBacklog',
  status: 201,
  outcome: 'done',
  requestId: `r${n}`,
  ...more,
});

describe('the audit log over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let logged: { words: string; fields?: object }[];
  let written: object[];
  const log = {
    error: (fields: object, words: string) => void logged.push({ words, fields }),
    info: (fields: object, words: string) => void (words === 'audit' ? written.push(fields) : logged.push({ words })),
  };
  const auditLog = (maxEntries = 100_000) => new AuditLog({ redis, clock: systemClock, log, maxEntries });

  beforeEach(async () => {
    server = await RedisServer.start();
    redis = server.client();
    redis.on('error', () => undefined);
    await redis.ping();
    logged = [];
    written = [];
  });
  afterEach(async () => {
    redis.disconnect();
    await server.stop();
  });
  const requestIds = async (audit: AuditLog, filter = {}) =>
    (await audit.page(filter, { limit: 200 })).items.map(({ requestId }) => requestId);

  it('tells the newest first, page by page, each entry once', async () => {
    const audit = auditLog();
    for (let n = 0; n < 25; n++) audit.record(entry(n));
    await audit.settle();
    const seen: string[] = [];
    let before: string | undefined;
    do {
      const page = await audit.page({}, { limit: 10, ...(before && { before }) });
      seen.push(...page.items.map(({ requestId }) => requestId));
      before = page.next;
    } while (before);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `r${24 - n}`));
  });

  it('reads no further back than the time that is asked for', async () => {
    const audit = auditLog();
    const old = { ...entry(0), id: 'old' };
    await redis.xadd('b24:audit', '1700000000000-0', 'entry', JSON.stringify(old));
    audit.record(entry(1, { atMs: Date.now() }));
    await audit.settle();
    expect(await requestIds(audit, { fromMs: old.atMs })).toEqual(['r1', 'r0']);
    expect(await requestIds(audit, { fromMs: old.atMs + 30_000, outcome: 'done' })).toEqual(['r1']);
    // One that claims a time long after it was written shows where the reading began.
    await redis.xadd(
      'b24:audit',
      '*',
      'entry',
      JSON.stringify({ ...entry(2, { atMs: Date.now() + 999_999_999 }), id: 'late' }),
    );
    expect(await requestIds(audit, { fromMs: Date.now() + 9_999_999 })).toEqual([]);
  });

  it('finds by every filter', async () => {
    const audit = auditLog();
    audit.record(entry(1, { portal }));
    audit.record(entry(2, { actor: 'c_1' }));
    audit.record(entry(3, { action: 'deleteBacklog' }));
    audit.record(entry(4, { outcome: 'not_allowed', status: 403 }));
    await audit.settle();
    expect(await requestIds(audit, { portal })).toEqual(['r1']);
    expect(await requestIds(audit, { actor: 'c_1' })).toEqual(['r2']);
    expect(await requestIds(audit, { action: 'deleteBacklog' })).toEqual(['r3']);
    expect(await requestIds(audit, { outcome: 'not_allowed' })).toEqual(['r4']);
    expect(await requestIds(audit, { requestId: 'r3' })).toEqual(['r3']);
    expect(await requestIds(audit, { fromMs: entry(2).atMs, toMs: entry(4).atMs })).toEqual(['r3', 'r2']);
    expect(await requestIds(audit, { actor: 'admin', outcome: 'done' })).toEqual(['r3', 'r1']);
  });

  it('keeps no more than it was told to, more or less', async () => {
    const audit = auditLog(100);
    for (let n = 0; n < 2000; n++) audit.record(entry(n));
    await audit.settle();
    expect(await redis.xlen('b24:audit')).toBeLessThan(300);
    expect((await requestIds(audit))[0]).toBe('r1999');
  });

  it('keeps what was done, however many refusals and replays follow, and shows both in the order of time', async () => {
    const audit = auditLog(100);
    audit.record(entry(0));
    audit.record(entry(1, { outcome: 'outcome_unknown', status: 504 }));
    audit.record(entry(2, { outcome: 'answer_too_large', status: 502 }));
    await audit.settle();
    for (let n = 3; n < 1000; n++) audit.record(entry(n, { outcome: 'not_allowed', status: 403 }));
    for (let n = 1000; n < 2000; n++) audit.record(entry(n, { ids: { replayed: true } }));
    await audit.settle();
    audit.record(entry(2000));
    await audit.settle();
    expect(await redis.xlen('b24:audit')).toBe(4);
    expect(await redis.xlen('{b24:audit}:refused')).toBeLessThan(300);
    // Of one millisecond, the order between the two is not known.
    expect(await requestIds(audit)).toEqual(expect.arrayContaining(['r2000', 'r1999', 'r1998']));
    expect(await requestIds(audit, { toMs: entry(3).atMs })).toEqual(['r2', 'r1', 'r0']);
  });

  it('tells each entry of both streams once, page by page, also those of one moment', async () => {
    const audit = auditLog();
    for (let n = 0; n < 6; n++) {
      const [done, refused] = [entry(2 * n + 1), entry(2 * n, { outcome: 'not_allowed' })];
      await redis.xadd('b24:audit', `${n + 1}-0`, 'entry', JSON.stringify({ ...done, id: `d${n}` }));
      await redis.xadd('{b24:audit}:refused', `${n + 1}-0`, 'entry', JSON.stringify({ ...refused, id: `f${n}` }));
    }
    for (const limit of [1, 2, 3, 5]) {
      const seen: string[] = [];
      let before: string | undefined;
      do {
        const page = await audit.page({}, { limit, ...(before && { before }) });
        seen.push(...page.items.map(({ requestId }) => requestId));
        before = page.next;
      } while (before);
      expect(seen).toEqual(Array.from({ length: 12 }, (_, n) => `r${11 - n}`));
    }
  });

  it('writes every entry to the log of the process too', async () => {
    const audit = auditLog();
    audit.record(entry(1, { source: '203.0.113.7' }));
    await audit.settle();
    expect(written).toEqual([{ audit: { ...entry(1), source: '203.0.113.7', id: expect.any(String) } }]);
  });

  it('loses nothing while Redis is away, writes it once, and says that it waits', async () => {
    const audit = auditLog();
    audit.record(entry(0));
    await audit.settle();
    await server.kill();
    await eventually(() => redis.status !== 'ready');
    for (let n = 1; n < 20; n++) audit.record(entry(n));
    await eventually(() => logged.length > 0);
    await server.startAgain({ withData: true });
    await eventually(async () => redis.status === 'ready' && (await redis.xlen('b24:audit')) >= 20);
    await audit.settle();
    expect(await requestIds(audit)).toEqual(Array.from({ length: 20 }, (_, n) => `r${19 - n}`));
    expect(logged.map(({ words }) => words)).toEqual([
      'cannot write the audit log; entries wait',
      'audit log writes resumed',
    ]);
  });

  it('tells the log in full what it cannot keep: at the end of the replica, and when too many wait', async () => {
    const audit = auditLog();
    await server.kill();
    await eventually(() => redis.status !== 'ready');
    for (let n = 0; n < 10_003; n++) audit.record(entry(n));
    expect(
      logged.filter(({ words }) => words.includes('could not store this audit entry')).map(({ fields }) => fields),
    ).toMatchObject([0, 1, 2].map((n) => ({ entry: entry(n) })));
    await audit.settle();
    expect(logged.filter(({ words }) => words.includes('could not store this audit entry'))).toHaveLength(10_003);
  });
});
