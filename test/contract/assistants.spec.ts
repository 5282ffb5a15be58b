import { createHash, randomBytes } from 'node:crypto';
import { Assistants, type Client, ClientKeys, type ConnectedAssistant } from '@b24/access';
import { Secret } from '@b24/portal';
import type { Redis } from 'ioredis';
import { HandClock } from '../support/hand-clock';
import { RedisServer } from '../support/redis-server';

const registration = 'the client id of an app';
const redirectUri = 'https://assistant.example/callback';
const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const invalid = { code: 'assistant_token_invalid' };

describe('assistants over a real Redis', () => {
  let server: RedisServer;
  let redis: Redis;
  let clock: HandClock;
  let keys: ClientKeys;
  let assistants: Assistants;
  let client: Client;
  let keyDigest: string;
  const misused: ConnectedAssistant[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = server.client();
  });
  beforeEach(async () => {
    await redis.flushall();
    misused.length = 0;
    clock = new HandClock();
    keys = new ClientKeys(redis, new Secret('x'.repeat(40)), clock);
    assistants = replica();
    const made = await keys.create({ name: 'planning', scopes: ['call'], portals: 'all' });
    client = made.client;
    keyDigest = keys.digestOf(made.key).toString('hex');
  });
  afterAll(async () => {
    redis.disconnect();
    await server.stop();
  });

  const replica = () => new Assistants({ redis, keys, clock, misused: (it) => misused.push(it) });
  const connect = (name = 'Planner') =>
    assistants.connect({
      ...{ name, host: 'assistant.example', registration, redirectUri, challenge },
      ...{ client, keyDigest },
    });
  const exchange = (code: string, by = assistants) => by.exchange({ code, registration, redirectUri, verifier });
  const connected = async () => {
    const tokens = await exchange((await connect()).code);
    if (!tokens) throw new Error('The code is unknown.');
    return tokens;
  };
  const works = async (access: string) => (await assistants.admit(access).catch(() => undefined)) !== undefined;
  const [recordName, listName] = ['b24:assistant:*', 'b24:assistants:*'];

  it('act as the client of their key', async () => {
    const { assistant, code } = await connect();
    const tokens = await exchange(code);
    expect(await assistants.admit(tokens?.access ?? '')).toEqual({ client, assistant });
    expect(tokens?.lifeMs).toBe(900_000);
  });

  it('give tokens to one of many who present a code at the same moment, and then end', async () => {
    const { code } = await connect();
    const replicas = Array.from({ length: 20 }, replica);
    const outcomes = await Promise.allSettled(replicas.map((by) => exchange(code, by)));
    const given = outcomes.flatMap((it) => (it.status === 'fulfilled' && it.value ? [it.value] : []));
    expect(given).toHaveLength(1);
    expect(await works(given[0]?.access ?? '')).toBe(false);
    expect(misused.length).toBeGreaterThan(0);
  });

  it('give tokens to one of many who refresh at the same moment, and then end', async () => {
    const { refresh } = await connected();
    const replicas = Array.from({ length: 20 }, replica);
    const outcomes = await Promise.allSettled(replicas.map((by) => by.refresh(refresh, registration)));
    const given = outcomes.flatMap((it) => (it.status === 'fulfilled' && it.value ? [it.value] : []));
    expect(given).toHaveLength(1);
    expect(await works(given[0]?.access ?? '')).toBe(false);
  });

  it('are not ended by tokens that are made up', async () => {
    const { access } = await connected();
    const foreign = `${randomBytes(16).toString('base64url')}.${randomBytes(32).toString('base64url')}`;
    expect(await exchange(`b24code_${foreign}`)).toBeUndefined();
    expect(await assistants.refresh(`b24refresh_${foreign}`, registration)).toBeUndefined();
    expect(await assistants.admit(`b24access_${foreign}`)).toBeUndefined();
    const [record = ''] = await redis.keys(recordName);
    const digest = record.slice('b24:assistant:'.length);
    for (const text of ['', 'b24refresh_', `b24refresh_${digest}`, `b24refresh_${digest}.x`, access]) {
      expect(await assistants.refresh(text, registration)).toBeUndefined();
      await assistants.revoke(text === access ? '' : text);
    }
    expect(await works(access)).toBe(true);
    expect(misused).toEqual([]);
  });

  it('are ended by a refresh token that is theirs but was not given out', async () => {
    const { access, refresh } = await connected();
    const forged = `${refresh.slice(0, -43)}${'x'.repeat(43)}`;
    await expect(assistants.refresh(forged, registration)).rejects.toMatchObject(invalid);
    expect(await works(access)).toBe(false);
  });

  it('end with the comparison itself, also if Redis takes no other command then', async () => {
    const { refresh } = await connected();
    const next = await assistants.refresh(refresh, registration);
    jest.spyOn(redis, 'del').mockRejectedValueOnce(new Error('Connection is closed.'));
    await expect(assistants.refresh(refresh, registration)).rejects.toMatchObject({ code: 'store_unavailable' });
    jest.restoreAllMocks();
    expect(await works(next?.access ?? '')).toBe(false);
  });

  it('are stored for a minute without tokens, and for 30 days after their last ones', async () => {
    const { code } = await connect();
    const [record = ''] = await redis.keys(recordName);
    const life = async (name: string) => Math.ceil((await redis.pttl(name)) / 60_000);
    expect(await life(record)).toBe(1);
    const tokens = await exchange(code);
    const [list = ''] = await redis.keys(listName);
    expect([await life(record), await life(list)]).toEqual([30 * 1440, 60 * 1440]);
    await redis.pexpire(record, 60_000);
    await assistants.refresh(tokens?.refresh ?? '', registration);
    expect(await life(record)).toBe(30 * 1440);
  });

  it('are in Redis by the digests of their tokens only', async () => {
    const { code } = await connect();
    const tokens = await exchange(code);
    const names = await redis.keys('*');
    const values = await Promise.all(
      names.map(async (name) => ((await redis.type(name)) === 'hash' ? redis.hgetall(name) : redis.get(name))),
    );
    const stored = JSON.stringify([names, values]);
    expect(stored).toContain('Planner');
    for (const secret of [code, tokens?.access ?? '', tokens?.refresh ?? '', verifier])
      for (const part of secret.replace(/^b24[a-z]+_/, '').split('.')) expect(stored).not.toContain(part);
  });

  it('are listed once they have tokens, oldest first, with the time of the last', async () => {
    const first = await connect('first');
    await clock.advance(1);
    const second = await connect('second');
    expect(await assistants.list(client.id)).toEqual([]);
    await exchange(second.code);
    await clock.advance(1);
    await exchange(first.code);
    expect(await assistants.list(client.id)).toEqual([
      { ...first.assistant, tokensAtMs: clock.now() },
      { ...second.assistant, tokensAtMs: clock.now() - 1 },
    ]);
    expect(await assistants.list('c_other')).toEqual([]);
  });

  it('leave the list when their key ends, and nothing in Redis', async () => {
    const { refresh } = await connected();
    await keys.remove(client.id);
    await expect(assistants.refresh(refresh, registration)).rejects.toMatchObject(invalid);
    expect(await assistants.list(client.id)).toEqual([]);
    expect([...(await redis.keys(recordName)), ...(await redis.keys(listName))]).toEqual([]);
  });

  it('are twenty for a client, however many connect at the same moment', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => connect()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect(await redis.keys(recordName)).toHaveLength(20);
    await expect(connect()).rejects.toMatchObject({ code: 'too_many_assistants' });
    // As if their minute had passed.
    await redis.del(await redis.keys(recordName));
    expect((await connect()).code).toMatch(/^b24code_/);
  });

  it('say store_unavailable when Redis cannot be asked', async () => {
    const { access, refresh } = await connected();
    const gone = server.client();
    gone.disconnect();
    assistants = new Assistants({ redis: gone, keys, clock });
    const unavailable = { code: 'store_unavailable' };
    await expect(connect()).rejects.toMatchObject(unavailable);
    await expect(assistants.admit(access)).rejects.toMatchObject(unavailable);
    await expect(assistants.refresh(refresh, registration)).rejects.toMatchObject(unavailable);
    await expect(assistants.revoke(refresh)).rejects.toMatchObject(unavailable);
    await expect(assistants.list(client.id)).rejects.toMatchObject(unavailable);
    await expect(assistants.end(client.id, 'as_x')).rejects.toMatchObject(unavailable);
  });
});
