import { createRequire } from 'node:module';

/** The vendor, in a process of its own, with a bucket that never fills. Tells its parent where it is. */
const { Bitrix24Simulator } = createRequire(import.meta.url)(
  '../../dist/apps/portal-simulator/apps/portal-simulator/src/index.js',
);
const backlogs = [{ id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 }];
const simulator = await Bitrix24Simulator.start({
  accessTokenLifetimeMs: 3_600_000,
  portals: [{ burst: 1_000_000, drainPerSecond: 100_000, backlogs }],
});
const [portal] = simulator.portals;

process.on('message', async ({ installAt }) => {
  await portal.sendInstallEvent(`${installAt}/bitrix24/events`);
  process.send({ installed: true });
});
process.send({
  oauthServer: simulator.oauthServer,
  clientId: simulator.clientId,
  clientSecret: simulator.clientSecret,
  memberId: portal.memberId,
  endpoint: portal.endpoint,
  accessToken: portal.grantChain(1).access_token,
});
