import type { V3Store } from './rest-v3/v3-store';
import type { ScriptedAnswers } from './scripted-answers';
import type { TokenLedger } from './token-ledger';
import type { SimulatorClock } from './clock';
import type { CrmStore } from './crm-store';
import type { ListStore } from './list-store';
import type { DiskStore } from './disk-store';
import type { FileLinks } from './file-links';
import type { GroupStore } from './group-store';
import type { LeakyCounter } from './leaky-counter';
import type { OperatingBaskets } from './operating-baskets';
import type { ScrumStore } from './scrum-store';
import type { TaskStore } from './task-store';
import type { PortalFaultKind } from './fault-kinds';
import type { ReceivedFile } from './received-body';
import type { FaultInjector } from './fault-injector';

/** An app as the vendor knows it: one pair for all portals, or (a local app) one pair for one portal. */
export interface AppRegistration {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: readonly string[];
  readonly callbackUrl: string | undefined;
}

/** An app on one portal; the handles for tests are in PortalApp. */
export interface InstalledApp {
  readonly registration: AppRegistration;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly installed: boolean;
  /** A grant was given. */
  markInstalled(): void;
}

export interface Webhook {
  readonly userId: number;
  readonly secret: string;
  readonly scopes: readonly string[];
}

/** Where servers of different age differ; each may be switched at any time. */
export interface PortalQuirks {
  /** Code 0 of a method's own refusal as a number, a string, or empty (docs/bitrix24-rules.md#errors). */
  zeroErrorAs: 0 | '0' | '';
  /** Code 100 of the binder as a number or a string. */
  hundredErrorAs: 100 | '100';
  /** Something newer servers write behind the known sentences. */
  sentenceSuffix: string;
  /** `time.start` as an integer (docs/bitrix24-rules.md#values). */
  wholeTimes: boolean;
  /**
   * The portal caches the authorization server's verdict on a token for up to an hour (docs/bitrix24-rules.md#oauth).
   */
  cacheVerdicts: boolean;
  /** The status of `PORTAL_DELETED`: 500 in the docs, 403 and 410 seen. */
  deletedStatus: 500 | 403 | 410;
  /** The status of `insufficient_scope`: 403 in the docs, 401 seen. */
  scopeStatus: 403 | 401;
  /**
   * Data and words that hold what the portal was called with, the access token or the webhook's secret, as handlers and
   * links of its own may: a text of it, put into each record of a result and into the words of an error.
   */
  repeats: ((key: string) => string) | undefined;
  /** Whether the tasks of `tasks.task.list` say in which sprint or backlog they are; their filters work either way. */
  taskPlaces: 'shown' | 'absent';
  /** Whether REST 3 writes errors that are not its own, such as `expired_token`, as `{ error, error_description }`. */
  flatV3Errors: boolean;
}

export interface RequestLog {
  readonly id: number;
  /** Simulator time in milliseconds. */
  readonly at: number;
  readonly method: string;
  /** Without the token. */
  readonly params: Record<string, unknown>;
  /**
   * `params` as JSON, with the order of names and the digits of numbers. A byte `XX` that is no UTF-8 is written as
   * `\udcXX`.
   */
  readonly received: string;
  readonly httpMethod: string;
  /** Of a request, as it came; a command of a batch has none. */
  readonly contentType?: string;
  /** Length of the body. */
  readonly bodyBytes?: number;
  /** Of a multipart form or an upload. */
  readonly files?: readonly ReceivedFile[];
  readonly authVia: 'body' | 'query' | 'bearer' | 'webhook' | 'none';
  readonly token: string | undefined;
  readonly tokenInUrl: boolean;
  /** For a command of a batch: the `id` of the batch's own entry. */
  readonly batchOf?: number;
  /** Of a request to `/rest/api/`. */
  readonly version?: 3;
  userId?: number;
  /** True once the method itself ran without refusing. */
  executed: boolean;
  httpStatus: number;
  /** `ok`, `scripted`, the error code, or `fault:<kind>`; `pending` while under way. */
  outcome: string;
}

/** Everything one simulated portal is; its HTTP listeners and the handles for tests are in SimulatedPortal. */
export interface PortalState {
  readonly memberId: string;
  readonly domain: string;
  readonly endpoint: string;
  readonly oauthServer: string;
  /** The app that every portal of the simulator has. */
  readonly app: AppRegistration;
  /** That one, or another app of this portal. */
  appOf(clientId: string): InstalledApp | undefined;
  readonly clock: SimulatorClock;
  readonly ledger: TokenLedger;
  readonly bucket: LeakyCounter;
  readonly operating: OperatingBaskets;
  readonly scrum: ScrumStore;
  readonly groups: GroupStore;
  readonly tasks: TaskStore;
  readonly crm: CrmStore;
  readonly disk: DiskStore;
  readonly lists: ListStore;
  readonly links: FileLinks;
  /** What REST 3 reads and writes. */
  readonly v3: V3Store;
  readonly scripts: ScriptedAnswers;
  readonly faults: FaultInjector<PortalFaultKind>;
  readonly quirks: PortalQuirks;
  readonly requests: RequestLog[];
  readonly webhooks: readonly Webhook[];
  readonly status: string;
  readonly licence: string;
  readonly deleted: boolean;
  readonly dismissedUsers: ReadonlySet<number>;
  /** Of whom `profile` says ADMIN. */
  readonly administrators: ReadonlySet<number>;
  readonly boundEvents: { event: string; handler: string }[];
  /** Tells the simulator that something worth keeping has changed. */
  changed(): void;
}
