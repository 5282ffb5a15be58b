import type { CreatedClient, Portal } from '../../../libs/client/src/generated/types.gen';

/* What the API answers is made from openapi.json, as the client's types are; what only the console gets is declared here. */

export type {
  App,
  AuditEntry,
  Client as ClientKey,
  ConsoleSession,
  DeadLetters,
  Deliveries,
  EventBindings,
  History,
  Job,
  JobItems,
  LoggedCall,
  Portal,
  Subscription,
  SubscriptionDetails,
  SubscriptionTrial as SubscriptionTest,
  Usage,
} from '../../../libs/client/src/generated/types.gen';
export type Status = Portal['status'];
/** A key as it is told once. */
export type ShownKey = Pick<CreatedClient, 'name' | 'key'>;

export interface ApiPage<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

export interface SignedIn {
  readonly id: string;
  readonly name: string;
  readonly portals: 'all' | readonly string[];
  /** Whether there is a sandbox, which only the demo has. */
  readonly sandbox?: true;
  /** The role of a person; absent for a key. */
  readonly role?: 'viewer' | 'operator' | 'admin';
  /** The operations that the page may offer. */
  readonly may: 'all' | readonly string[];
}

/** Answered by /console/simulator. */
export interface SandboxView {
  readonly failures: readonly SandboxFailure[];
  readonly portals: readonly {
    readonly memberId: string;
    readonly domain: string;
    /** The kind of the failure that the portal has now. */
    readonly failure: string | null;
  }[];
}

export interface SandboxFailure {
  readonly kind: string;
  readonly title: string;
  readonly about: string;
  /** False: it happens once, and there is nothing to end. */
  readonly lasts: boolean;
}

/** Whatever is absent of what follows is not known yet. */
export interface PortalNow {
  readonly waiting: number;
  readonly inFlight: number;
  readonly commandsPerRequest?: number;
  readonly circuit: 'closed' | 'open' | 'probing';
  /** Of the last second. */
  readonly calls?: CallCounts & { readonly medianMs?: number; readonly slowMs?: number };
}

export interface CallCounts {
  readonly ok: number;
  readonly failed: number;
}

/** Problems of one method, code and caller. */
export interface ProblemGroup {
  readonly method: string;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly caller: string;
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** The last ones, newest first. */
  readonly requests: readonly { readonly id: string; readonly atMs: number }[];
}

/** Sent by /console/live each second. */
export interface Snapshot {
  readonly atMs: number;
  readonly replicas: readonly string[];
  /** Only for who may see all portals. */
  readonly processes?: readonly {
    readonly replica: string;
    readonly version: string;
    readonly startedAtMs: number;
    readonly memoryBytes: number;
    readonly inFlight: number;
  }[];
  /** Over all portals; only for who may see all of them. */
  readonly all?: {
    readonly calls?: CallCounts;
    readonly waiting: number;
    readonly inFlight: number;
    readonly down: number;
  };
  readonly portals: Readonly<Record<string, PortalNow>>;
  readonly close?: {
    readonly portal: Portal;
    readonly level: { readonly left: number; readonly capacity: number; readonly drainPerSecond: number };
    readonly operatingLimits: {
      readonly slowSeconds: number;
      readonly heldSeconds: number;
      readonly blockedSeconds: number;
    };
    readonly operating?: readonly {
      readonly method: string;
      readonly usedSeconds: number;
      readonly resetAtMs?: number;
    }[];
    readonly problems?: readonly ProblemGroup[];
  };
}

interface ApiSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly example?: unknown;
  readonly enum?: readonly string[];
}

export interface ApiParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: ApiSchema;
}

/** A reference to a shared object, such as `#/components/parameters/portal`. */
export interface SchemaReference {
  readonly $ref: string;
}

export interface DocumentedOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly (ApiParameter | SchemaReference)[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: ApiSchema; readonly example?: unknown }>>;
  };
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components?: {
    readonly parameters?: Readonly<Record<string, ApiParameter>>;
    readonly schemas?: Readonly<
      Record<string, ApiSchema & { readonly properties?: Readonly<Record<string, ApiSchema>> }>
    >;
  };
}
