/* What the API answers, as far as the console shows it; openapi.json says the rest. */

export type Status =
  | 'active'
  | 'suspended'
  | 'reauthorization_required'
  | 'payment_required'
  | 'uninstalled'
  | 'deleted'
  | 'unreachable'
  | 'authorization_server_error';

export interface Portal {
  readonly memberId: string;
  readonly alias?: string;
  readonly domain: string;
  readonly kind: 'app' | 'webhook';
  readonly app?: string;
  readonly status: Status;
  readonly since?: string;
  readonly why?: string;
  readonly scope: readonly string[];
  readonly userId?: number;
  readonly spareChains: number;
  readonly formerDomains?: readonly string[];
  readonly installedAt: string;
  readonly token?: { readonly expiresAt: string; readonly refreshedAt?: string };
  readonly limits: {
    readonly burst: number;
    readonly drainPerSecond: number;
    readonly from: 'operator' | 'licence' | 'default';
  };
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

export interface ClientKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly portals: 'all' | readonly string[];
  readonly methods?: readonly string[];
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly lastUsedAt?: string;
  readonly ratePerSecond?: number;
  readonly burst?: number;
  readonly previousKey?: { readonly validUntil?: string; readonly lastUsedAt?: string };
}

/** A key as it is told once. */
export interface ShownKey {
  readonly name: string;
  readonly key: string;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly registeredAt?: string;
  readonly urls?: Readonly<Record<string, string>>;
}

export interface Job {
  readonly id: string;
  readonly state: string;
  readonly createdAt?: string;
  readonly finishedAt?: string;
  readonly progress?: { readonly done: number; readonly total?: number };
  readonly [more: string]: unknown;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly name?: string;
  readonly action: string;
  readonly portal?: string;
  readonly status: number;
  readonly outcome: string;
  readonly requestId: string;
  readonly ids?: Readonly<Record<string, string | number | boolean>>;
}

export interface SignedIn {
  readonly id: string;
  readonly name: string;
  readonly portals: 'all' | readonly string[];
}

export interface PortalNow {
  readonly waiting: number;
  readonly inFlight: number;
  readonly seatsPerTrip: number;
  readonly circuit: 'closed' | 'open' | 'probing';
  readonly ok: number;
  readonly failed: number;
  readonly medianMs?: number;
  readonly slowMs?: number;
}

export interface RecentProblem {
  readonly atMs: number;
  readonly method: string;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly caller: string;
  readonly requestId?: string;
}

/** What /console/live tells each second. */
export interface Snapshot {
  readonly atMs: number;
  readonly replicas: readonly string[];
  readonly all: {
    readonly ok: number;
    readonly failed: number;
    readonly waiting: number;
    readonly inFlight: number;
    readonly down: number;
  };
  readonly portals: Readonly<Record<string, PortalNow>>;
  readonly close?: {
    readonly portal: Portal;
    readonly level: { readonly left: number; readonly capacity: number; readonly drainPerSecond: number };
    readonly operating: readonly {
      readonly method: string;
      readonly usedSeconds: number;
      readonly resetAtMs?: number;
    }[];
    readonly operatingLimits: {
      readonly slowSeconds: number;
      readonly heldSeconds: number;
      readonly blockedSeconds: number;
    };
    readonly problems: readonly RecentProblem[];
  };
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly example?: unknown;
  readonly enum?: readonly string[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema; readonly example?: unknown }>>;
  };
  readonly responses?: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: Schema }>> }>
  >;
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: {
    readonly schemas?: Readonly<Record<string, Schema & { readonly properties?: Readonly<Record<string, Schema>> }>>;
  };
}
