import { randomBytes } from 'node:crypto';
import type { SimulatedPortal } from '../../apps/portal-simulator/src';
import { environment, eventually, World } from '../support/gateway';
import { GatewayProcess } from '../support/gateway-process';
import { RegisteredApp } from '../support/registered-app';
import { reseal } from '../support/reseal';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [k1, k2] = [key('k1'), key('k2')];
const keys = (...list: string[]) => ({ ENCRYPTION_KEYS: list.join() });
const wideEnv = { B24_BURST: '5000', B24_DRAIN_PER_SECOND: '500' };

describe('encryption keys', () => {
  let world: World;
  let portals: SimulatedPortal[];
  const living: GatewayProcess[] = [];
  const start = async (env: Record<string, string>) => {
    const replica = await GatewayProcess.start(environment(world.redis, world.simulator, { ...wideEnv, ...env }));
    living.push(replica);
    return replica;
  };
  const run = (env: Record<string, string>) => reseal({ REDIS_URL: world.redis.url, ...env });
  const answers = async (replica: GatewayProcess) => {
    const calls = portals.map(({ memberId }) => replica.client.get(`/v1/portals/${memberId}/backlogs/fields`));
    expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(portals.map(() => 200));
  };
  /** The ids of the keys that anything of a grant or an app is sealed under. */
  const inUse = async () => {
    const redis = world.redis.client();
    const hashes = await Promise.all(portals.map(({ memberId }) => redis.hgetall(`b24:{${memberId}}:grant`)));
    const apps = await redis.hgetall('b24:apps');
    redis.disconnect();
    const texts = [...hashes, apps].flatMap((hash) => Object.values(hash));
    const ids = texts.flatMap((text) => /(?:^|"secret":")v\d\.(k\d)\./.exec(text)?.[1] ?? []);
    return [...new Set(ids)].sort();
  };
  const install = async (replica: GatewayProcess) => {
    portals = [];
    for (let i = 0; i < 5; i++)
      portals.push(await world.installed(replica.client, { burst: 5000, drainPerSecond: 500 }));
    // The last belongs to an app of its own.
    const last = portals.at(-1)!;
    const app = await RegisteredApp.register(replica.client, last);
    await app.there.sendInstallEvent(app.urls.events);
    await eventually(async () => {
      const { body } = await replica.client.get<{ app?: string }>(`/v1/portals/${last.memberId}`);
      return body.app === app.id;
    });
  };

  beforeEach(async () => {
    world = await World.start({ rotation: 'strict' });
  });
  afterEach(async () => {
    await Promise.all(living.splice(0).map((replica) => replica.kill9()));
    await world.stop();
  });

  it('are changed beside living replicas: readable everywhere, then written, then resealed, then the old one goes', async () => {
    const old = await start(keys(k1));
    await install(old);
    const reader = await start(keys(k1, k2));
    await old.stop();
    const writer = await start(keys(k2, k1));
    const early = await run(keys(k2, k1));
    expect([early.code, early.output]).toEqual([1, expect.stringContaining("still writes under 'k1'")]);
    expect(early.output).toContain('apps: 1 resealed');
    expect(early.output).toContain('apps: 1 resealed');
    await reader.stop();

    portals[0]!.expireAccessTokens();
    await answers(writer);
    const done = await run(keys(k2, k1));
    expect([done.code, done.output]).toEqual([0, expect.stringContaining('Remove the others from ENCRYPTION_KEYS')]);
    expect(await inUse()).toEqual(['k2']);
    const again = await run(keys(k2, k1));
    expect([again.code, again.output]).toEqual([0, expect.stringMatching(/portals: 0 resealed[^]*apps: 0 resealed/)]);

    const last = await start(keys(k2));
    for (const portal of portals) portal.expireAccessTokens();
    await answers(last);
  }, 120_000);

  it('that are in use can not be taken away: the start is refused with the key and how many portals need it', async () => {
    const old = await start(keys(k1));
    await install(old);
    await old.stop();
    await expect(start(keys(k2))).rejects.toThrow(
      "ENCRYPTION_KEYS lacks keys that are in use: 'k1' (5 portals), 'k1' (1 apps)",
    );
    const both = await start(keys(k2, k1));
    await answers(both);
    // With the lost key nothing can be resealed either, and nothing is spoilt by trying.
    const blind = await run(keys(k2));
    expect([blind.code, blind.output]).toEqual([1, expect.stringContaining('5 could not be opened')]);
    await answers(both);
  }, 120_000);

  it('that another living replica can not read are not written: the start waits for it to end, or is refused', async () => {
    const old = await start(keys(k1));
    await install(old);
    const next = start(keys(k2, k1));
    const waits = await Promise.race([next.then(() => 'started'), new Promise((resolve) => setTimeout(resolve, 3000))]);
    expect(waits).toBeUndefined();
    await answers(old);
    await old.stop();
    await answers(await next);
  }, 120_000);

  it('are changed under refreshes that go on, and none of the two undoes the other', async () => {
    const replica = await start(keys(k2, k1));
    await install(replica);
    for (let round = 0; round < 6; round++) {
      // Each portal has something under k1 again, as if an older replica had written it.
      const [writes, other] = round % 2 ? [k2, k1] : [k1, k2];
      for (const portal of portals) portal.expireAccessTokens();
      const [resealed] = await Promise.all([run(keys(writes, other)), answers(replica)]);
      expect(resealed.output).toContain('0 could not be opened');
    }
    for (const portal of portals) portal.expireAccessTokens();
    await answers(replica);
  }, 120_000);
});
