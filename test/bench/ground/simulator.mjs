import { createRequire } from 'node:module';
import { optionsFromParent, serveParent } from './side-process.mjs';

/** The vendor as strict as the portal simulator is, with the portals its parent asks for. */
const { Bitrix24Simulator } = createRequire(import.meta.url)(
  '../../../dist/apps/portal-simulator/apps/portal-simulator/src/index.js',
);
const simulator = await Bitrix24Simulator.start(optionsFromParent());
const { oauthServer, clientId, clientSecret } = simulator;

const portals = simulator.portals.map((portal) => ({
  memberId: portal.memberId,
  origin: `http://${portal.domain}`,
  accessToken: portal.grantTokens().access_token,
  webhookUrl: portal.webhookUrl(),
}));

async function install(eventsUrl) {
  for (const portal of simulator.portals) await portal.sendInstallEvent(eventsUrl);
}

/** What a portal has seen so far. */
function traffic(memberId) {
  const portal = portalOf(memberId);
  const commands = portal.requests.filter(({ method }) => method !== 'batch').length;
  const requests = portal.requests.filter(({ batchOf }) => batchOf === undefined).length;
  return { requests, commands, refused: portal.refusedByBucket };
}

/** Expires the portal's access token; its next refresh is rotated, but never answered. */
function loseRefresh(memberId) {
  portalOf(memberId).expireAccessTokens();
  simulator.oauth.faults.next('hang', { method: 'refresh_token', memberId, afterExecution: true });
}

/** Refreshes that were requested for a portal so far. */
function refreshes(memberId) {
  return {
    requested: simulator.oauth.tokenRequests.filter(
      (it) => it.memberId === memberId && it.grantType === 'refresh_token',
    ).length,
  };
}

function portalOf(memberId) {
  return simulator.portals.find((it) => it.memberId === memberId);
}

serveParent({ oauthServer, clientId, clientSecret, portals }, { install, traffic, loseRefresh, refreshes });
