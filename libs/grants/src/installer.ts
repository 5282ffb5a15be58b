import { createHash } from 'node:crypto';
import { Fault, isPortalId, type PortalId, portalId, Secret } from '@b24/portal';
import { defaultApp } from './app';
import { GrantedInstalls, type GrantedInstallsOptions, hostNotAllowedFault } from './granted-installs';
import type { Install, PortalRecord } from './install';
import type { OAuthServer, TokenInfo } from './oauth-server';
import { type PortalEndpoint, portalEndpoint } from './portal-endpoint';
import { sameSecret } from './same-secret';
import { type GrantedTokens, splitScope, type TokenVerdict } from './token-answer';
import { retryUntilStored } from './retry-until-stored';

/** What an unsigned install (event or frame) claims; nothing of it is believed before the server said so. */
export interface ClaimedInstall {
  /** The app whose address it came to. */
  readonly app: string;
  readonly memberId: string;
  readonly accessToken: Secret;
  readonly refreshToken: Secret;
  readonly applicationToken?: Secret;
  readonly oauthServer?: string;
}

export interface InstallerOptions extends GrantedInstallsOptions {
  readonly oauth: OAuthServer;
}

/** Keeps the claim as it is once its refresh token was spent, so that it can be made again. */
export type SaveRefreshedClaim = (claim: ClaimedInstall) => Promise<void>;

/**
 * Takes installs. Every method throws Fault install_refused when the authorization server does not vouch for what is
 * claimed, authorization_server_error when it can't be asked and app_not_found when there is no such app here, and
 * NotReplaced when whoever claims may not replace what is here; then nothing has changed.
 */
export class Installer {
  private readonly installs: GrantedInstalls;

  constructor(private readonly options: InstallerOptions) {
    this.installs = new GrantedInstalls(options);
  }

  /** From a code of the authorization-code flow, which only this app can exchange. */
  async fromCode(app: string, code: Secret, claimedServer?: string): Promise<PortalRecord> {
    const oauthServer = this.options.oauth.server(claimedServer);
    const it = granted(await this.options.oauth.exchange(app, code, oauthServer));
    return this.installs.save({ app, oauthServer, granted: it, isRetried: false });
  }

  /**
   * From an unsigned POST: the server vouches for the token, then a refresh that only the app can make proves it.
   * @param keepFresh of a claim that is made again when the portal did not say who makes it; without it, the pair is kept
   * as a spare then
   */
  async fromClaim(claim: ClaimedInstall, keepFresh?: SaveRefreshedClaim): Promise<PortalRecord> {
    const { oauth } = this.options;
    const { app } = claim;
    const server = oauth.server(claim.oauthServer);
    const clientId = await oauth.clientId(app);
    const info = await oauth.tokenInfo(claim.accessToken, server);
    if (info === 'expired') return this.fromLateClaim(claim, server, keepFresh);
    if (info?.clientId !== clientId || info.portal !== claim.memberId.toLowerCase()) throw notVouchedFor();
    const place = portalEndpoint(info.endpoint, this.options.rules);
    if (!place) throw hostNotAllowedFault();
    await this.installs.assertExpected(app, info.portal, place);
    const verdict = await oauth.refresh(app, claim.refreshToken, server);
    const known = await this.duplicate(claim, info, verdict);
    if (known) return known;
    return this.save(claim, server, withInfo(granted(verdict), info), keepFresh);
  }

  /** An event may be delivered after its access token's hour; then the refresh alone tells whose it is. */
  private async fromLateClaim(
    claim: ClaimedInstall,
    server: string,
    keepFresh?: SaveRefreshedClaim,
  ): Promise<PortalRecord> {
    const it = granted(await this.options.oauth.refresh(claim.app, claim.refreshToken, server));
    if (it.portal !== claim.memberId.toLowerCase()) throw notVouchedFor();
    return this.save(claim, server, it, keepFresh);
  }

  private async save(
    claim: ClaimedInstall,
    oauthServer: string,
    it: GrantedTokens,
    keepFresh: SaveRefreshedClaim | undefined,
  ): Promise<PortalRecord> {
    const { app, applicationToken } = claim;
    const { accessToken, refreshToken } = it.pair;
    if (keepFresh) await retryUntilStored(this.options.clock, () => keepFresh({ ...claim, accessToken, refreshToken }));
    const proof = applicationToken && { applicationToken };
    return this.installs.save({ app, oauthServer, granted: it, ...proof, isRetried: keepFresh !== undefined });
  }

  /** Is this event from a portal that belongs to this app? @throws Fault event_refused */
  async checkEvent(app: string, memberId: string, applicationToken: Secret): Promise<PortalId> {
    const id = memberId.toLowerCase();
    const known = isPortalId(id) ? await this.options.store.applicationToken(id, app) : undefined;
    if (!isPortalId(id) || !known || !sameSecret(known, applicationToken)) throw new Fault('event_refused');
    return id;
  }

  /** An app's ONAPPUNINSTALL. @throws Fault event_refused */
  async uninstall(app: string, memberId: string, applicationToken: Secret): Promise<void> {
    const { store, clock } = this.options;
    await store.uninstall(await this.checkEvent(app, memberId, applicationToken), {
      code: 'portal_uninstalled',
      detail: 'The app was uninstalled on the portal; install it again at /install.',
      sinceMs: clock.now(),
    });
  }

  /** A portal by incoming webhook, after `works` showed that it answers. @throws Fault invalid_request */
  async fromWebhook(
    url: string,
    works: (portal: PortalId, endpoint: Secret) => Promise<string[]>,
  ): Promise<PortalRecord> {
    const { domain, endpoint, path } = this.webhookParts(url);
    const { store, clock } = this.options;
    const known = await store.find(domain);
    const before = known && (await store.load(known));
    if (before?.kind === 'app' && before.domain === domain && !before.issue)
      throw new Fault('portal_already_installed');
    // A webhook tells no member id; one of our own keeps it apart from every real one.
    const portal = portalId(createHash('sha256').update(`webhook ${domain}`).digest('hex').slice(0, 32));
    const scope = await works(portal, new Secret(`${endpoint}${path}/`));
    const userId = Number(path.split('/')[0]);
    const install: Install = {
      portal,
      kind: 'webhook',
      domain,
      endpoint,
      oauthServer: '',
      scope,
      userId,
      installedAtMs: clock.now(),
    };
    await store.install({ install, webhook: new Secret(path) });
    const record = await store.load(portal);
    if (!record) throw new Fault('portal_not_found');
    await this.options.installed(record, before?.portal !== portal);
    return record;
  }

  private webhookParts(text: string): PortalEndpoint & { path: string } {
    const refused = (message: string) => new Fault('invalid_request', { errors: [{ path: 'webhookUrl', message }] });
    const match = /^(https?:\/\/[^/]+\/rest\/)(\d{1,10}\/[A-Za-z0-9]{8,64})\/?$/.exec(text);
    if (!match?.[1] || !match[2])
      throw refused('Must be https://<portal>/rest/<user id>/<secret>/, as the portal shows it.');
    const place = portalEndpoint(match[1], this.options.rules);
    if (!place) throw refused('The host is not among B24_PORTAL_HOSTS, or is not HTTPS.');
    return { ...place, path: match[2] };
  }

  /** A delivery that came twice: the refresh token was spent the first time, and the grant it made still lives. */
  private async duplicate(
    { app }: ClaimedInstall,
    info: TokenInfo,
    verdict: TokenVerdict,
  ): Promise<PortalRecord | undefined> {
    if (verdict.kind !== 'refused' || verdict.code !== 'reauthorization_required') return undefined;
    const known = await this.options.store.load(info.portal);
    const isSameUser = [undefined, known?.userId].includes(info.userId);
    const isSame = (known?.app ?? defaultApp) === app && isSameUser;
    return isSame && known?.pair && !known.issue ? known : undefined;
  }
}

function granted(verdict: TokenVerdict): GrantedTokens {
  if (verdict.kind === 'granted') return verdict.granted;
  if (verdict.kind === 'passing' || verdict.code === 'authorization_server_error') {
    throw new Fault('authorization_server_error', verdict.kind === 'refused' ? { detail: verdict.detail } : {});
  }
  throw new Fault('install_refused', {
    detail: 'The authorization server refused the code or token: it is spent or not ours.',
  });
}

function withInfo(it: GrantedTokens, info: TokenInfo): GrantedTokens {
  if (it.portal !== info.portal) throw new Fault('install_refused');
  const userId = it.userId ?? info.userId;
  return { ...it, scope: it.scope.length ? it.scope : splitScope(info.scope), ...(userId !== undefined && { userId }) };
}

function notVouchedFor(): Fault {
  return new Fault('install_refused', { detail: 'The authorization server does not vouch for this install.' });
}
