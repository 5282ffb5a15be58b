import type { Grant, GrantIssue } from './install';

/** What a portal that installs is here already. */
export interface ExistingGrant {
  /** The portal's own grant, also a dead one. */
  readonly grant?: Pick<Grant, 'app' | 'userId' | 'pair' | 'issue' | 'version'>;
  /** There is a grant that nobody can read any more, since its encryption key was lost. */
  readonly isUnreadable?: boolean;
  /** The portal was added by an incoming webhook, which the app would replace. */
  readonly isByWebhook?: boolean;
}

/** Who granted the pair that the authorization server vouched for. */
export interface GrantCandidate {
  /** The app it is of; the default one when absent. */
  readonly app?: string;
  readonly userId?: number;
  /** What the portal itself said; absent when it did not say. */
  readonly administrator?: boolean;
}

/**
 * replace: the pair and its application token take the place of whatever is there. first: nothing is there, and it must
 * stay so until the pair is saved. revive: the user's own dead grant comes back; a known application token stays. spare:
 * the pair is kept beside the grant in use. nothing: it is not kept.
 */
export type Replacement = 'replace' | 'first' | 'revive' | 'spare' | 'nothing';

/**
 * What a pair may do to what is here. Only an administrator of the portal replaces a grant that lives, another user's grant,
 * an app or an application token (docs/decisions/0021); where nothing is here there is nothing to replace.
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
  // Of a user whose rights calls have anyway, or of whom the portal may yet say that they are an administrator.
  const isWorthKeeping = isSameUser || newcomer.administrator === undefined;
  return grant.pair && isWorthKeeping ? 'spare' : 'nothing';
}

const deadCodes: readonly GrantIssue['code'][] = ['reauthorization_required', 'portal_uninstalled', 'portal_deleted'];

/** No call can be made with it until somebody grants again. */
function isDead({ pair, issue }: Pick<Grant, 'pair' | 'issue'>): boolean {
  return !pair || (issue !== undefined && deadCodes.includes(issue.code));
}
