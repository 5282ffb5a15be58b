/** An object of REST 3 by the names of its fields. */
export type V3Row = Readonly<Record<string, unknown>>;

/** What the methods of REST 3 read and write on a portal, open to tests. */
export class V3Store {
  tasks = new Map<number, V3Row>();
  /** Entries of the event log, oldest first. */
  readonly events: V3Row[] = [];

  /** Returns the id. */
  addTask(fields: V3Row): number {
    const id = Math.max(0, ...this.tasks.keys()) + 1;
    this.tasks.set(id, { id, title: '', description: '', status: 'pending', deadline: null, ...fields });
    return id;
  }

  addEvents(count: number): void {
    for (let n = 0; n < count; n++) this.events.push(eventOf(this.events.length + 1));
  }
}

function eventOf(id: number): V3Row {
  return {
    ...{ id, timestampX: new Date(Date.UTC(2026, 0, 1, 0, id)).toISOString(), severity: 'SECURITY' },
    ...{ auditTypeId: 'USER_AUTHORIZE', moduleId: 'main', itemId: String(id), remoteAddr: '127.0.0.1' },
    ...{ userAgent: '', requestUri: '/', siteId: 's1', userId: 1, description: '' },
  };
}
