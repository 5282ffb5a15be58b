import { JobSlots } from '@b24/jobs';
import type { Redis } from 'ioredis';
import { HandClock } from '../support/hand-clock';
import { RedisServer } from '../support/redis-server';

const none = new Set<string>();

describe('the slots of jobs over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let clock: HandClock;
  let turns: JobSlots;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  beforeEach(async () => {
    await redis.flushall();
    clock = new HandClock();
    turns = new JobSlots(redis, clock);
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });
  /** `a1` is job 1 of client a. */
  const open = async (...jobs: string[]) => {
    for (const [i, job] of jobs.entries()) await redis.zadd('b24:{jobs}:open', i, `${job[0] ?? ''} ${job}`);
  };
  const finish = (job: string) => redis.zrem('b24:{jobs}:open', `${job[0] ?? ''} ${job}`);

  it('are given to one job each, though many ask at once, and no client gets two while another has none', async () => {
    await open('a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1');
    const taken = await Promise.all(['t1', 't2', 't3', 't4'].map((ticket) => turns.take(ticket, none)));
    const jobs = taken.map((turn) => turn?.job ?? '');
    expect(new Set(jobs).size).toBe(4);
    expect(jobs.map((job) => job[0]).sort()).toEqual(['a', 'a', 'b', 'c'].sort());
  });

  it('go round the clients when there is one', async () => {
    await open('a1', 'a2', 'a3', 'b1', 'b2', 'c1');
    const order = [];
    for (let turn = await turns.take('t', none); turn; turn = await turns.take('t', none)) {
      order.push(turn.job);
      await finish(turn.job);
      await turns.end(turn);
    }
    expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('are free again when their ticket comes back: whoever had it has lost its replica', async () => {
    await open('a1');
    const first = await turns.take('t1', none);
    expect(await turns.take('t2', none)).toBeUndefined();
    const second = await turns.take('t1', none);
    expect([first?.job, second?.job]).toEqual(['a1', 'a1']);
  });

  it('are not taken back by a replica that has lost them to another', async () => {
    await open('a1');
    const lost = await turns.take('t1', none);
    clock.jump(20_000);
    await turns.take('t1', none);
    if (lost) await turns.end(lost);
    expect(await turns.all()).toHaveLength(1);
  });

  it('are left by one job alone, though several see that another client waits', async () => {
    await open('a1', 'a2', 'a3');
    const taken = await Promise.all(['t1', 't2', 't3'].map((ticket) => turns.take(ticket, none)));
    await open('b1');
    const left = await Promise.all(taken.map(async (turn) => turn !== undefined && turns.leave(turn)));
    expect(left.filter(Boolean)).toHaveLength(1);
    const leaving = taken[left.indexOf(true)];
    // What it has under way still runs: nobody else may begin it.
    expect((await turns.take('t4', none))?.job).toBe('b1');
    expect(await turns.take('t5', none)).toBeUndefined();
    if (leaving) await turns.end(leaving);
    expect((await turns.take('t5', none))?.job).toBe(leaving?.job);
  });
});
