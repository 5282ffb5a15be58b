import type { TokenLedger, RefreshRotation } from './token-ledger';
import type { SimulatorClock } from './clock';
import type { LeakyCounterSettings } from './leaky-counter';
import type { AppRegistration, PortalQuirks, Webhook } from './portal-state';
import type { GroupRow } from './group-store';
import type { BacklogRow, ScrumState } from './scrum-store';
import type { TaskState } from './task-store';

export interface PortalOptions {
  /** Listening port; 0 (or none) takes any. */
  port?: number;
  /** Where it is after a rename, and redirects from before one; any port otherwise. */
  secondPort?: number;
  memberId?: string;
  /** X and Y of the leaky bucket; 50 and 2 by default (docs/bitrix24-rules.md#limits). */
  burst?: number;
  drainPerSecond?: number;
  /** Stepwise by default, and refused requests count: the strictest reading. */
  counting?: 'stepwise' | 'continuous';
  countRefused?: boolean;
  phaseMs?: number;
  /** `F|D|T|P|L|S`; L (a local app) by default. */
  status?: string;
  /** For example `en_basic`; `de_ent250` is Enterprise. */
  licence?: string;
  users?: readonly number[];
  /** User 1 by default. */
  administrators?: readonly number[];
  groups?: readonly number[];
  backlogs?: readonly BacklogRow[];
  callbackUrl?: string;
  /** What a used refresh token of this portal is worth; as the simulator's by default. */
  rotation?: RefreshRotation;
  /** A local app's own pair; the simulator's pair by default. */
  clientId?: string;
  clientSecret?: string;
  quirks?: Partial<PortalQuirks>;
}

/** What outlives a restart of the program. */
export interface PortalSaved {
  readonly memberId: string;
  readonly port: number;
  readonly applicationToken: string;
  readonly installed: boolean;
  readonly webhooks: Webhook[];
  readonly boundEvents: { event: string; handler: string }[];
  readonly scrum: ScrumState;
  /** Absent in a file of an earlier version. */
  readonly groups?: readonly GroupRow[];
  readonly tasks?: TaskState;
}

/** What a portal shares with its simulator. */
export interface PortalDependencies {
  readonly clock: SimulatorClock;
  readonly ledger: TokenLedger;
  readonly oauthServer: string;
  readonly app: () => AppRegistration;
  readonly changed: () => void;
}

export const defaultQuirks: PortalQuirks = {
  zeroErrorAs: 0,
  hundredErrorAs: 100,
  sentenceSuffix: '',
  wholeTimes: false,
  cacheVerdicts: false,
  deletedStatus: 500,
  scopeStatus: 403,
  repeats: undefined,
  taskPlaces: 'shown',
  flatV3Errors: false,
};

export function bucketOf(options: PortalOptions): LeakyCounterSettings {
  return {
    burst: options.burst ?? 50,
    drainPerSecond: options.drainPerSecond ?? 2,
    counting: options.counting ?? 'stepwise',
    countRefused: options.countRefused ?? true,
    phaseMs: options.phaseMs ?? 0,
  };
}
