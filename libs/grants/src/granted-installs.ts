import { randomUUID } from 'node:crypto';
import { asFault, type Clock, Fault, type PortalId, Secret } from '@b24/portal';
import { defaultApp } from './app';
import { formerUserOf } from './token-refresh';
import type { GrantStore } from './grant-store';
import type { Grant, Install, PortalRecord, SparePair } from './install';
import { type EndpointRules, type PortalEndpoint, portalEndpoint } from './portal-endpoint';
import { hasName } from './portal-names';
import { type Replacement, decideReplacement } from './replacement';
import type { GrantedTokens } from './token-answer';
import { retryUntilStored } from './retry-until-stored';

/**
 * Which portals may install. open: any. approve: a new portal waits until an operator admits it. known: only portals that
 * are already here, or whose host the settings name exactly.
 */
export type InstallPolicy = 'open' | 'approve' | 'known';

/** The user who granted a pair, as the portal describes them. */
export interface Grantor {
  readonly userId: number;
  readonly administrator: boolean;
}

/** A pair that the authorization server granted for a portal, and where it comes from. */
export interface GrantedPair {
  readonly app: string;
  readonly oauthServer: string;
  readonly granted: GrantedTokens;
  readonly applicationToken?: Secret;
  /** The caller stores the claim and retries when the portal does not say who granted the pair. */
  readonly isRetried: boolean;
}

export interface GrantedInstallsOptions {
  readonly store: GrantStore;
  readonly clock: Clock;
  readonly rules: EndpointRules;
  /** @throws Fault app_not_found */
  readonly policyOf: (app: string) => Promise<InstallPolicy>;
  /** Asks the portal, with the pair, who granted it. Rejects with a Fault, in bounded time, when it does not say. */
  readonly grantorOf: (portal: PortalId, endpoint: Secret, accessToken: Secret) => Promise<Grantor>;
  /** Called after each install with the portal's record. */
  readonly installed: (portal: PortalRecord, isNew: boolean) => Promise<void>;
}

/** The install replaced nothing, because the portal did not confirm that its user is an administrator. */
export class NotReplaced extends Fault {
  constructor(
    code: 'administrator_required' | 'administrator_unknown',
    readonly portal: PortalId,
    domain: string,
  ) {
    super(code, { detail: `${notReplaced(domain)} ${advice[code]}` });
  }
}

const notReplaced = (domain: string) => `Nothing was replaced: the existing connection of ${domain} stays.`;
const advice = {
  administrator_required:
    'The portal says that this user is not an administrator; ask an administrator of the portal to open this page.',
  administrator_unknown: 'The portal did not say whether this user is an administrator; try again shortly.',
};

interface ExistingInstall {
  readonly grant?: Grant;
  readonly isUnreadable: boolean;
  /** The portal of the same host that was added by webhook. */
  readonly byWebhook?: PortalRecord;
  /** Another portal still has this host among its names. */
  readonly isHostTaken: boolean;
}

/** Saves granted pairs, if their user may replace the existing grant. */
export class GrantedInstalls {
  constructor(private readonly options: GrantedInstallsOptions) {}

  /** @throws Fault install_refused when the policy is `known` and the portal is neither here nor named by the settings */
  async assertExpected(app: string, portal: PortalId, { domain }: PortalEndpoint): Promise<void> {
    if ((await this.options.policyOf(app)) !== 'known' || this.options.rules.hosts.namesExactly(domain)) return;
    const { grant, isUnreadable, byWebhook } = await this.here(portal, domain);
    if (grant || isUnreadable || byWebhook) return;
    throw new Fault('install_refused', {
      detail: `This gateway accepts known portals only. Its operator must add ${domain} to B24_PORTAL_HOSTS or change INSTALLS.`,
    });
  }

  /**
   * Saves the pair as the portal's grant. The token it was granted for is spent, so every step from here on is repeated
   * until the store is reachable.
   * @throws NotReplaced when there is a grant to replace and the portal does not confirm an administrator;
   * Fault install_refused, app_not_found
   */
  async save(pair: GrantedPair): Promise<PortalRecord> {
    const { portal, endpoint } = pair.granted;
    const place = portalEndpoint(endpoint, this.options.rules);
    if (!place) throw hostNotAllowedFault();
    await this.stored(() => this.assertExpected(pair.app, portal, place));
    const grantor = await this.grantorOf(pair, place);
    const install = installOf(pair, place, grantor, this.options.clock.now());
    const familyId = randomUUID();
    for (;;) {
      const findExisting = await this.stored(() => this.here(portal, place.domain));
      const replacement = decideReplacement(
        { ...install, ...(grantor && { administrator: grantor.administrator }) },
        { ...findExisting, isByWebhook: findExisting.byWebhook !== undefined },
      );
      if (replacement === 'spare' || replacement === 'nothing') {
        const comesAgain = pair.isRetried && !grantor;
        if (replacement === 'spare' && !comesAgain) await this.keepSpare(install, pair, familyId);
        throw new NotReplaced(grantor ? 'administrator_required' : 'administrator_unknown', portal, place.domain);
      }
      const saved = await this.replace({ pair, install, familyId, here: findExisting, replacement });
      if (saved) return saved;
    }
  }

  /** Returns undefined when the portal does not say, which never counts as an administrator. */
  private grantorOf({ granted }: GrantedPair, { endpoint }: PortalEndpoint): Promise<Grantor | undefined> {
    const { portal, pair } = granted;
    return this.options.grantorOf(portal, new Secret(endpoint), pair.accessToken).catch(() => undefined);
  }

  private async here(portal: PortalId, domain: string): Promise<ExistingInstall> {
    const { store } = this.options;
    let isUnreadable = false;
    const grant = await store.load(portal).catch((error: unknown) => {
      if (asFault(error).code === 'store_unavailable') throw error;
      isUnreadable = true;
      return undefined;
    });
    const otherId = await store.find(domain);
    const other = otherId && otherId !== portal ? await this.record(otherId) : undefined;
    const byWebhook = other?.kind === 'webhook' ? other : undefined;
    const isHostTaken = other?.kind === 'app' && hasName(other, domain);
    return { ...(grant && { grant }), isUnreadable, ...(byWebhook && { byWebhook }), isHostTaken };
  }

  private record(portal: PortalId): Promise<PortalRecord | undefined> {
    return this.options.store.load(portal).catch((error: unknown) => {
      if (asFault(error).code === 'store_unavailable') throw error;
      return undefined;
    });
  }

  private async keepSpare(install: Install, { granted }: GrantedPair, id: string): Promise<void> {
    const { portal, oauthServer, scope, userId, byAdministrator, installedAtMs } = install;
    const spare: SparePair = {
      ...{ id, oauthServer, scope, grantedAtMs: installedAtMs, renewedAtMs: installedAtMs },
      ...(userId !== undefined && { userId }),
      ...(byAdministrator !== undefined && { byAdministrator }),
      refreshToken: granted.pair.refreshToken,
    };
    await this.stored(() => this.options.store.keepSpare(portal, spare));
  }

  /** Returns undefined when another grant was saved meanwhile. */
  private async replace(it: {
    readonly pair: GrantedPair;
    readonly install: Install;
    readonly familyId: string;
    readonly here: ExistingInstall;
    readonly replacement: Extract<Replacement, 'replace' | 'first' | 'revive'>;
  }): Promise<PortalRecord | undefined> {
    const { pair, install, familyId, here, replacement } = it;
    const { store, policyOf } = this.options;
    const { portal, userId, installedAtMs } = install;
    const { grant, byWebhook } = here;
    const former = grant
      ? formerUserOf(grant, userId, installedAtMs)
      : here.isUnreadable && { formerUser: { untilMs: installedAtMs } };
    const policy = await this.stored(() => policyOf(pair.app));
    // An operator who added the portal by webhook has admitted it.
    const awaitsAdmission = !byWebhook && (policy === 'approve' || here.isHostTaken);
    const proof = await this.stored(() => this.proof(pair, portal, replacement));
    const replacesVersion = { replace: undefined, first: null, revive: grant?.version }[replacement];
    const isSaved = await this.stored(() =>
      store.install({
        install: { ...install, ...former },
        pair: pair.granted.pair,
        family: { id: familyId, grantedAtMs: installedAtMs },
        awaitsAdmission,
        ...(replacesVersion !== undefined && { replacesVersion }),
        ...proof,
      }),
    );
    if (!isSaved) return undefined;
    if (byWebhook) await this.stored(() => this.transferSettings(byWebhook, portal));
    return this.stored(() => this.reportInstalled(portal, !grant && !here.isUnreadable && !byWebhook));
  }

  /** A stored application token is replaced only by an administrator's. */
  private async proof(
    { app, applicationToken }: GrantedPair,
    portal: PortalId,
    replacement: Replacement,
  ): Promise<{ applicationToken?: Secret }> {
    if (!applicationToken) return {};
    const isStored = replacement === 'revive' && (await this.options.store.applicationToken(portal, app)) !== undefined;
    return isStored ? {} : { applicationToken };
  }

  private async transferSettings(from: PortalRecord, to: PortalId): Promise<void> {
    const { alias, suspended, limits, tags } = from;
    await this.options.store.remove(from.portal);
    if (alias || suspended || limits || tags)
      await this.options.store.changeSettings(to, {
        ...(alias && { alias }),
        ...(suspended && { suspended }),
        ...(limits && { limits }),
        ...(tags && { tags }),
      });
  }

  private async reportInstalled(portal: PortalId, isNew: boolean): Promise<PortalRecord> {
    const record = await this.options.store.load(portal);
    if (!record) throw new Fault('portal_not_found');
    await this.options.installed(record, isNew);
    return record;
  }

  private stored<T>(work: () => Promise<T>): Promise<T> {
    return retryUntilStored(this.options.clock, work);
  }
}

function installOf(
  { app, oauthServer, granted }: GrantedPair,
  place: PortalEndpoint,
  grantor: Grantor | undefined,
  installedAtMs: number,
): Install {
  const userId = granted.userId ?? grantor?.userId;
  return {
    ...{ portal: granted.portal, kind: 'app', ...place, oauthServer, scope: granted.scope, installedAtMs },
    ...(app !== defaultApp && { app }),
    ...(userId !== undefined && { userId }),
    ...(grantor && { byAdministrator: grantor.administrator }),
    ...(granted.licence && { licence: granted.licence }),
  };
}

export function hostNotAllowedFault(): Fault {
  return new Fault('install_refused', { detail: "The portal's host is not among B24_PORTAL_HOSTS." });
}
