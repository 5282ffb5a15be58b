/* What the API answers, as far as it is shown to people; openapi.json says the rest, and --json gives all of it. */

export interface Portal {
  readonly memberId: string;
  readonly alias?: string;
  readonly domain: string;
  readonly tags?: readonly string[];
  readonly kind: 'app' | 'webhook';
  readonly app?: string;
  readonly status: string;
  readonly since?: string;
  readonly why?: string;
  readonly scope: readonly string[];
  readonly userId?: number;
  readonly spareChains: number;
  readonly formerDomains?: readonly string[];
  readonly installedAt: string;
  readonly token?: { readonly expiresAt: string; readonly refreshedAt?: string };
  readonly limits: { readonly burst: number; readonly drainPerSecond: number; readonly from: string };
}

export interface PortalDetails extends Portal {
  readonly lane: {
    readonly waiting: number;
    readonly inFlight: number;
    readonly left: number;
    readonly capacity: number;
    readonly seatsPerTrip: number;
    readonly circuit: string;
  };
  readonly operating: readonly { readonly method: string; readonly usedSeconds: number; readonly resetAt?: string }[];
}

export interface Client {
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
  readonly previousKey?: { readonly validUntil?: string };
}

export interface CreatedClient extends Client {
  readonly key: string;
}

export interface App {
  readonly id: string;
  readonly name: string;
  readonly urls: { readonly install: string };
}

export interface CallAnswer {
  readonly result: unknown;
  readonly total?: number;
  readonly next?: number;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: string;
  readonly actor: string;
  readonly name?: string;
  readonly action: string;
  readonly portal?: string;
  readonly outcome: string;
  readonly requestId: string;
}

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly progress: { readonly total: number; readonly done: number; readonly failed: number };
  readonly createdAt: string;
  readonly finishedAt?: string;
}

export interface Readiness {
  readonly status: string;
  readonly parts: Readonly<Record<string, { readonly ready: boolean; readonly detail: string }>>;
  readonly warnings: readonly string[];
}
