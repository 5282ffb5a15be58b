import { judgeDurability } from './durability';

const sound = { maxmemory: '0', maxmemory_policy: 'noeviction', aof_enabled: '1', aof_last_write_status: 'ok' };
const info = (fields: Record<string, string | undefined>) =>
  `# Memory\r\n${Object.entries({ ...sound, ...fields })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}:${value}`]))
    .join('\r\n')}\r\n`;
const codes = (fields: Record<string, string | undefined>) => judgeDurability(info(fields)).map(({ code }) => code);

describe('the durability of a Redis', () => {
  it.each([
    ['keeps what it is given', {}, []],
    ['keeps it with a memory limit, since it refuses writes rather than evict', { maxmemory: '1000' }, []],
    ['evicts when it may', { maxmemory: '1000', maxmemory_policy: 'allkeys-lru' }, ['evicts']],
    ['evicts also when only what expires is evicted', { maxmemory: '1', maxmemory_policy: 'volatile-ttl' }, ['evicts']],
    ['would evict if it had a limit', { maxmemory_policy: 'allkeys-lru' }, ['would_evict']],
    ['forgets without an append-only file', { aof_enabled: '0' }, ['forgets']],
    ['forgets with snapshots only', { aof_enabled: '0', rdb_last_save_time: '1700000000' }, ['forgets']],
    ['can not write its append-only file', { aof_last_write_status: 'err' }, ['write_failed']],
    [
      'evicts and forgets',
      { maxmemory: '1', maxmemory_policy: 'allkeys-lfu', aof_enabled: '0' },
      ['evicts', 'forgets'],
    ],
    ['does not tell its policy', { maxmemory_policy: undefined }, ['unknown']],
    ['does not tell whether it appends', { aof_enabled: undefined }, ['unknown']],
  ])('it %s', (_, fields, expected) => {
    expect(codes(fields)).toEqual(expected);
  });

  it('is described with what to do, and with the time since which all writes would be lost', () => {
    const [warning] = judgeDurability(info({ aof_enabled: '0', rdb_last_save_time: '1700000000' }));
    expect(warning?.detail).toContain('2023-11-14T22:13:20.000Z');
    expect(warning?.detail).toContain('Set appendonly yes');
  });
});
