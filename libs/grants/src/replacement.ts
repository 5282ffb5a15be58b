import type { Grant, GrantIssue } from './install';

/** What exists for a portal when an install arrives. */
export interface ExistingGrant {
  /** The portal's grant, even a dead one. */
  readonly grant?: Pick<Grant, 'app' | 'userId' | 'pair' | 'issue' | 'version'>;
  /** The grant cannot be read, because its encryption key was lost. */
  readonly isUnreadable?: boolean;
  /** The portal was added by an incoming webhook, which the app would replace. */
  readonly isByWebhook?: boolean;
}

/** The origin of a pair that the authorization server confirmed. */
export interface GrantCandidate {
  /** Id of its app; the default app when absent. */
  readonly app?: string;
  readonly userId?: number;
  /** Whether the portal confirmed an administrator; absent when it did not say. */
  readonly administrator?: boolean;
}

/**
 * replace: the pair and its application token replace whatever exists. first: no grant exists, and none may until the pair
 * is saved. revive: the user's own dead grant is restored; a stored application token stays. spare: the pair is stored
 * beside the grant in use. nothing: the pair is discarded.
 */
export type Replacement = 'replace' | 'first' | 'revive' | 'spare' | 'nothing';

/**
 * Decides what a pair may replace. Only an administrator of the portal replaces a working grant, another user's grant, an
 * app or an application token (docs/decisions/0021).
 */
export function decideReplacement(
  newcomer: GrantCandidate,
  { grant, isUnreadable, isByWebhook }: ExistingGrant,
): Replacement {
  if (newcomer.administrator === true) return 'replace';
  if (isUnreadable || isByWebhook) return 'nothing';
  if (!grant) return 'first';
  if (grant.app !== newcomer.app) return 'nothing';
  const isSameUser = grant.userId !== undefined && grant.userId === newcomer.userId;
  if (isSameUser && isDead(grant)) return 'revive';
  // From the user whose rights calls already have, or from one who may still prove to be an administrator.
  const isWorthKeeping = isSameUser || newcomer.administrator === undefined;
  return grant.pair && isWorthKeeping ? 'spare' : 'nothing';
}

const deadCodes: readonly GrantIssue['code'][] = ['reauthorization_required', 'portal_uninstalled', 'portal_deleted'];

/** Whether no call can be made until the portal is authorized again. */
function isDead({ pair, issue }: Pick<Grant, 'pair' | 'issue'>): boolean {
  return !pair || (issue !== undefined && deadCodes.includes(issue.code));
}
