import type { EntityCache } from './entity-cache';
import type { OrderedArray } from './ordered-array';
import type { PhpInput } from './php-input';
import type { PortalState } from './portal-state';

/** Who calls, once the credentials were accepted. */
export interface AuthenticatedCaller {
  readonly kind: 'app' | 'webhook';
  readonly userId: number;
  readonly scopes: readonly string[];
  /** Whose operating-time baskets are charged. */
  readonly owner: string;
  /** Of an app. */
  readonly clientId?: string;
  /** The access token or, of an incoming webhook, its secret: links to files carry it. */
  readonly key: string;
}

export interface MethodContext {
  readonly portal: PortalState;
  readonly caller: AuthenticatedCaller;
  readonly params: PhpInput;
  /** The parameters as they were received, with their order and the digits of their numbers. */
  readonly received: OrderedArray;
  readonly cache: EntityCache;
  /** A fault that changes what the method does. */
  readonly silentlyFails: boolean;
}

/** A list method's answer: `next` and `total` stand beside `result` in the envelope (docs/bitrix24-rules.md#lists). */
export class VendorPage<Rows extends unknown[] | PhpInput = unknown[]> {
  constructor(
    readonly result: Rows,
    /** Absent where the caller wanted no count. */
    readonly total: number | undefined,
    readonly next: number | undefined,
    /** The key of `result` under which the rows are; `result` is the list itself without one. */
    readonly key?: string,
  ) {}
}

export interface RestMethod {
  /** Empty: any token will do. */
  readonly scope: string;
  readonly writes?: boolean;
  readonly onlyApps?: boolean;
  readonly run: (context: MethodContext) => unknown;
}

export type MethodTable = Readonly<Record<string, RestMethod>>;
