export type Check =
  | 'settings'
  | 'redis'
  | 'durability'
  | 'redis_clock'
  | 'authorization_server'
  | 'server_clock'
  | 'gateway'
  | 'key'
  | 'portals'
  | 'public_url'
  | 'metrics';

/** What one look came to. A problem keeps calls from passing or loses data, now or soon; a warning may wait for the day. */
export interface Finding {
  readonly check: Check;
  readonly state: 'ok' | 'warning' | 'problem' | 'skipped';
  /** What was found and, unless it is well, what to do. */
  readonly detail: string;
}

export const ok = (check: Check, detail: string): Finding => ({ check, state: 'ok', detail });
export const warning = (check: Check, detail: string): Finding => ({ check, state: 'warning', detail });
export const problem = (check: Check, detail: string): Finding => ({ check, state: 'problem', detail });
export const skipped = (check: Check, detail: string): Finding => ({ check, state: 'skipped', detail });
