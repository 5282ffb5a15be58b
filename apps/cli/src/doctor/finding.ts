export type Check =
  | 'settings'
  | 'ca_file'
  | 'portal_server'
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
export interface DoctorFinding {
  readonly check: Check;
  readonly state: 'ok' | 'warning' | 'problem' | 'skipped';
  /** What was found and, unless it is well, what to do. */
  readonly detail: string;
}

export const ok = (check: Check, detail: string): DoctorFinding => ({ check, state: 'ok', detail });
export const warning = (check: Check, detail: string): DoctorFinding => ({ check, state: 'warning', detail });
export const problem = (check: Check, detail: string): DoctorFinding => ({ check, state: 'problem', detail });
export const skipped = (check: Check, detail: string): DoctorFinding => ({ check, state: 'skipped', detail });
