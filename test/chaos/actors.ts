import type { Bitrix24Simulator, SimulatedPortal } from '../../apps/portal-simulator/src';

/** A portal of the scenario: its token rotation, spare pairs and licence decide what it tests. */
export interface PortalRole {
  readonly name: string;
  readonly rotation: 'strict' | 'grace';
  /** Number of token families with which it begins besides the one in use. */
  readonly spares: number;
  /** Whether it also receives errors that only an install resolves. */
  readonly sentenced?: true;
  readonly licence?: string;
  /** Whether it is suspended at times; it has callers of its own. */
  readonly suspended?: true;
}

export const roles: readonly PortalRole[] = [
  { name: 'strict', rotation: 'strict', spares: 0 },
  { name: 'strict, a spare', rotation: 'strict', spares: 1 },
  { name: 'strict, three spares', rotation: 'strict', spares: 3, licence: 'de_ent250' },
  { name: 'grace', rotation: 'grace', spares: 0 },
  { name: 'grace, enterprise', rotation: 'grace', spares: 0, licence: 'de_ent250' },
  { name: 'grace, a spare', rotation: 'grace', spares: 1 },
  { name: 'sentenced', rotation: 'grace', spares: 1, sentenced: true },
];

export interface PortalActor extends PortalRole {
  readonly portal: SimulatedPortal;
  /** Groups whose backlogs never change: the expected answer to a read of each. */
  readonly standing: readonly { readonly id: number; readonly groupId: number; readonly createdBy: number }[];
  /** The token families that the gateway was given and may still hold, by their id in the simulator's ledger. */
  readonly families: Set<string>;
  /** Returns a group that no other write has used. */
  freshGroup(): number;
}

const users = Array.from({ length: 40 }, (_, i) => i + 1);
const standingGroups = 20;

/** Adds a portal. No group or backlog id occurs on two portals, so an answer to another call is recognized. */
export async function actorOf(simulator: Bitrix24Simulator, role: PortalRole, index: number): Promise<PortalActor> {
  const first = (index + 1) * 100_000;
  const standing = Array.from({ length: standingGroups }, (_, i) => {
    return { id: first / 100 + i, groupId: first + i, createdBy: ((index * 7 + i) % users.length) + 1, modifiedBy: 1 };
  });
  const { rotation, licence = 'en_basic' } = role;
  const bucket = licence.includes('ent') ? { burst: 250, drainPerSecond: 5 } : { burst: 50, drainPerSecond: 2 };
  const groups = standing.map(({ groupId }) => groupId);
  const portal = await simulator.addPortal({ ...bucket, rotation, licence, users, groups, backlogs: standing });
  let last = first + 1000;
  const freshGroup = () => {
    portal.scrum.addGroup(++last);
    return last;
  };
  return { ...role, portal, standing, families: new Set(), freshGroup };
}
