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

/** What an unsigned install (event or frame) claims. It is trusted only after the authorization server confirms it. */
export interface ClaimedInstall {
  /** Id of the app whose address received it. */
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

/** Stores the claim with its fresh pair once its refresh token was spent, so that it can be retried. */
export type SaveRefreshedClaim = (claim: ClaimedInstall) => Promise<void>;

/**
 * Verifies and saves installs. Every method throws Fault install_refused when the authorization server does not confirm
 * the claim, authorization_server_error when it cannot be reached, app_not_found for an unknown app, and NotReplaced when
 * the user may not replace the existing grant; then nothing has changed.
 */
export class Installer {
  private readonly installs: GrantedInstalls;

  constructor(private readonly options: InstallerOptions) {
    this.installs = new GrantedInstalls(options);
  }

  /** Installs from a code of the authorization-code flow, which only this app can exchange. */
  async fromCode(app: string, code: Secret, claimedServer?: string): Promise<PortalRecord> {
    const oauthServer = this.options.oauth.server(claimedServer);
    const it = granted(await this.options.oauth.exchange(app, code, oauthServer));
    return this.installs.save({ app, oauthServer, granted: it, isRetried: false });
  }

  /**
   * Installs from an unsigned POST: the server confirms the token, then a refresh that only the app can make proves it.
   * @param saveRefreshed stores a claim that is retried when the portal does not say who granted it; without it, such a
   * pair is stored as a spare
   */
  async fromClaim(claim: ClaimedInstall, saveRefreshed?: SaveRefreshedClaim): Promise<PortalRecord> {
    const { oauth } = this.options;
    const { app } = claim;
    const server = oauth.server(claim.oauthServer);
    const clientId = await oauth.clientId(app);
    const info = await oauth.tokenInfo(claim.accessToken, server);
    if (info === 'expired') return this.fromLateClaim(claim, server, saveRefreshed);
    if (info?.clientId !== clientId || info.portal !== claim.memberId.toLowerCase()) throw notConfirmed();
    const place = portalEndpoint(info.endpoint, this.options.rules);
    if (!place) throw hostNotAllowedFault();
    await this.installs.assertExpected(app, info.portal, place);
    const verdict = await oauth.refresh(app, claim.refreshToken, server);
    const known = await this.duplicate(claim, info, verdict);
    if (known) return known;
    return this.save(claim, server, withInfo(granted(verdict), info), saveRefreshed);
  }

  /** An event may arrive after its access token has expired; then the refresh alone shows whose it is. */
  private async fromLateClaim(
    claim: ClaimedInstall,
    server: string,
    saveRefreshed?: SaveRefreshedClaim,
  ): Promise<PortalRecord> {
    const it = granted(await this.options.oauth.refresh(claim.app, claim.refreshToken, server));
    if (it.portal !== claim.memberId.toLowerCase()) throw notConfirmed();
    return this.save(claim, server, it, saveRefreshed);
  }

  private async save(
    claim: ClaimedInstall,
    oauthServer: string,
    it: GrantedTokens,
    saveRefreshed: SaveRefreshedClaim | undefined,
  ): Promise<PortalRecord> {
    const { app, applicationToken } = claim;
    const { accessToken, refreshToken } = it.pair;
    if (saveRefreshed)
      await retryUntilStored(this.options.clock, () => saveRefreshed({ ...claim, accessToken, refreshToken }));
    const proof = applicationToken && { applicationToken };
    return this.installs.save({ app, oauthServer, granted: it, ...proof, isRetried: saveRefreshed !== undefined });
  }

  /** Verifies that the event is from a portal of this app. @throws Fault event_refused */
  async checkEvent(app: string, memberId: string, applicationToken: Secret): Promise<PortalId> {
    const id = memberId.toLowerCase();
    const known = isPortalId(id) ? await this.options.store.applicationToken(id, app) : undefined;
    if (!isPortalId(id) || !known || !sameSecret(known, applicationToken)) throw new Fault('event_refused');
    return id;
  }

  /** Handles ONAPPUNINSTALL. @throws Fault event_refused */
  async uninstall(app: string, memberId: string, applicationToken: Secret): Promise<void> {
    const { store, clock } = this.options;
    await store.uninstall(await this.checkEvent(app, memberId, applicationToken), {
      code: 'portal_uninstalled',
      detail: 'The app was uninstalled on the portal; install it again at /install.',
      sinceMs: clock.now(),
    });
  }

  /** Adds a portal by incoming webhook, after `works` confirmed that it answers. @throws Fault invalid_request */
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
    // A webhook has no member id; a derived one differs from every real one.
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

  /** Returns the grant that an earlier delivery of the same claim made: its refresh token was spent then. */
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
  if (verdict.kind === 'transient' || verdict.code === 'authorization_server_error') {
    throw new Fault('authorization_server_error', verdict.kind === 'refused' ? { detail: verdict.detail } : {});
  }
  throw new Fault('install_refused', {
    detail: 'The authorization server rejected the code or token: it was used before, or is not from this app.',
  });
}

function withInfo(it: GrantedTokens, info: TokenInfo): GrantedTokens {
  if (it.portal !== info.portal) throw new Fault('install_refused');
  const userId = it.userId ?? info.userId;
  return { ...it, scope: it.scope.length ? it.scope : splitScope(info.scope), ...(userId !== undefined && { userId }) };
}

function notConfirmed(): Fault {
  return new Fault('install_refused', { detail: 'The authorization server does not confirm this install.' });
}
