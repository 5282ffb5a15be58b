import type { SimulatorOptions } from '../../apps/portal-simulator/src';
import { type PortalRole, roles } from './actors';

/** What makes one run of the scenario harder than another. */
export interface ChaosSettings {
  readonly roles: readonly PortalRole[];
  readonly simulator: SimulatorOptions;
  readonly killEveryMs: number;
  /** Whether at least one replica must keep running when another is killed. */
  readonly leavesOne: boolean;
}

/** A portal that is suspended and released while it is called. */
const suspended: PortalRole = { name: 'suspended at times', rotation: 'grace', spares: 1, suspended: true };

/**
 * By `CHAOS_SCENARIO`. In `usual`, portals differ, and tokens expire often instead of after an hour. In `harsh` no portal has
 * a spare pair, tokens expire so soon that most kills cut a refresh, replicas are killed even while the others start, and a
 * spent token is honoured for a minute only: a grant is lost unless some refresh comes through within it.
 */
export const scenarios = {
  usual: {
    roles: [...roles, suspended],
    simulator: { accessTokenLifetimeMs: 5000 },
    killEveryMs: 2000,
    leavesOne: true,
  },
  harsh: {
    roles: [
      ...Array.from({ length: 6 }, (_, i): PortalRole => ({ name: `grace ${i + 1}`, rotation: 'grace', spares: 0 })),
      suspended,
      { name: 'sentenced', rotation: 'grace', spares: 1, sentenced: true },
    ],
    simulator: { accessTokenLifetimeMs: 3000, graceMs: 60_000 },
    killEveryMs: 2400,
    leavesOne: false,
  },
} as const satisfies Record<string, ChaosSettings>;

export type ScenarioName = keyof typeof scenarios;
