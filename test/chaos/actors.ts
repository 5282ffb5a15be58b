import type { Bitrix24Simulator, SimulatedPortal } from '../../apps/portal-simulator/src';

/** One portal of the story, and what it is there to show. */
export interface PortalRole {
  readonly name: string;
  readonly rotation: 'strict' | 'grace';
  /** Chains beside the one in use that it begins with. */
  readonly spares: number;
  /** It also hears verdicts that only an install mends. */
  readonly sentenced?: true;
  readonly licence?: string;
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
  /** Of the groups whose backlogs nobody changes: what a read of each must answer. */
  readonly standing: readonly { readonly id: number; readonly groupId: number; readonly createdBy: number }[];
  /** The chains that were handed to the gateway and that it may still hold, by their id in the witness's ledger. */
  readonly families: Set<string>;
  /** A group that no other write has used. */
  freshGroup(): number;
}

const users = Array.from({ length: 40 }, (_, i) => i + 1);
const standingGroups = 20;

/** No group, backlog or user is the same in two places, so that no answer can be taken for another. */
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
