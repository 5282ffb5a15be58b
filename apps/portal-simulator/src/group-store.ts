/** A workgroup, project or scrum; who may not see it is in the scrum store. */
export interface GroupRow {
  readonly id: number;
  name: string;
  description: string;
  type: 'group' | 'project' | 'scrum';
  ownerId: number;
  /** 0 unless it is a scrum. */
  scrumMasterId: number;
  isVisible: boolean;
  isOpened: boolean;
  isClosed: boolean;
  members: { userId: number; role: 'A' | 'E' | 'K' }[];
}

/** What a portal knows of its groups, open to tests. */
export class GroupStore {
  readonly rows = new Map<number, GroupRow>();

  /** The row of a group; one that only the scrum store knows is a scrum of user 1. */
  row(id: number): GroupRow {
    const known = this.rows.get(id);
    if (known !== undefined) return known;
    return this.add({ id, name: `Group ${id}`, type: 'scrum', ownerId: 1, scrumMasterId: 1 });
  }

  add(fields: Pick<GroupRow, 'id' | 'name' | 'type' | 'ownerId' | 'scrumMasterId'> & Partial<GroupRow>): GroupRow {
    const row: GroupRow = {
      ...{ description: '', isVisible: true, isOpened: false, isClosed: false },
      members: [{ userId: fields.ownerId, role: 'A' }],
      ...fields,
    };
    this.rows.set(row.id, row);
    return row;
  }

  toState(): GroupRow[] {
    return [...this.rows.values()];
  }

  restore(rows: readonly GroupRow[]): void {
    for (const row of rows) this.rows.set(row.id, row);
  }
}
