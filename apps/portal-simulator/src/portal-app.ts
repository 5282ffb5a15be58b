import { randomBytes } from 'node:crypto';
import { post } from './post';
import type { AppRegistration, InstalledApp, PortalState } from './portal-state';
import {
  type EventOverrides,
  type FrameOverrides,
  type PostedTokens,
  type VendorPost,
  framePostOf,
  installPost,
  uninstallPost,
} from './vendor-posts';

type HostPortal = Omit<PortalState, 'app' | 'appOf'>;

/** One app on one portal: its own families, its own application token, installed or not whatever the others are. */
export class PortalApp implements InstalledApp {
  installed = true;
  applicationToken = randomBytes(16).toString('hex');

  constructor(
    private readonly portal: HostPortal,
    private readonly registered: () => AppRegistration,
  ) {}

  get registration(): AppRegistration {
    return this.registered();
  }

  get clientId(): string {
    return this.registered().clientId;
  }

  get scope(): readonly string[] {
    return this.registered().scope;
  }

  /** A new family of its own, as authorize, install and frame each give one. */
  grantTokens(userId = 1): PostedTokens {
    this.markInstalled();
    const { portal, applicationToken, clientId, scope } = this;
    const pair = portal.ledger.startFamily(portal.memberId, clientId, userId);
    portal.changed();
    return {
      access_token: pair.accessToken,
      refresh_token: pair.refreshToken,
      expires_in: Math.round((pair.expiresAt - portal.clock.now()) / 1000),
      expires: Math.floor(pair.expiresAt / 1000),
      scope: scope.join(','),
      domain: portal.domain,
      server_endpoint: `${portal.oauthServer}/rest/`,
      client_endpoint: portal.endpoint,
      status: portal.status,
      member_id: portal.memberId,
      user_id: userId,
      application_token: applicationToken,
    };
  }

  installEvent(overrides?: EventOverrides, family = this.grantTokens()): VendorPost {
    return installPost(family, this.portal.clock.now(), overrides);
  }

  uninstallEvent(overrides?: EventOverrides): VendorPost {
    const { domain, memberId, clock } = this.portal;
    return uninstallPost({ domain, memberId, applicationToken: this.applicationToken }, clock.now(), overrides);
  }

  framePost(overrides?: FrameOverrides, family = this.grantTokens()): VendorPost & { query: string } {
    return framePostOf(family, overrides);
  }

  /** Really posts an install event; the answer's status and text come back. */
  sendInstallEvent(url: string, overrides?: EventOverrides): Promise<{ status: number; body: string }> {
    return post(url, this.installEvent(overrides));
  }

  sendUninstallEvent(url: string, overrides?: EventOverrides): Promise<{ status: number; body: string }> {
    return post(url, this.uninstallEvent(overrides));
  }

  /** Removes the app; tokens say APPLICATION_NOT_FOUND, refreshes NOT_INSTALLED; the next install has a new token. */
  uninstall(): void {
    this.installed = false;
    this.portal.changed();
  }

  /** The app is (again) installed here: a grant was given. */
  markInstalled(): void {
    if (!this.installed) {
      this.portal.ledger.revokeFamilies(this.portal.memberId, this.clientId);
      this.applicationToken = randomBytes(16).toString('hex');
    }
    this.installed = true;
  }
}
