import type { Answer } from './answer';
import type { Command } from './command';
import type { Secret } from './secret';

/** What a request to a portal is made with. Only the stations below the grants ever see one. */
export interface Authorization {
  /**
   * Where methods are called, ending in a slash: `https://portal/rest/`. For an incoming webhook it holds the
   * webhook's secret, so it is one as a whole.
   */
  readonly endpoint: Secret;
  /** Absent for an incoming webhook. */
  readonly accessToken?: Secret;
  /** What else the portal may know of this grant and nobody else may: refresh tokens, the application token. */
  readonly otherSecrets?: readonly Secret[];
}

/** `Send` below the grants. */
export type SendAuthorized = (
  authorization: Authorization,
  commands: readonly Command[],
  signal: AbortSignal,
) => Promise<readonly Answer[]>;
