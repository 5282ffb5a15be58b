export interface BacklogRow {
  id: number;
  groupId: number;
  createdBy: number;
  modifiedBy: number;
}

export interface SprintRow extends BacklogRow {
  name: string;
  goal: string;
  sort: number;
  dateStart: string;
  dateEnd: string;
  status: 'planned' | 'active' | 'completed';
}

export interface EpicRow extends BacklogRow {
  name: string;
  description: string;
  color: string;
  files: unknown[];
}

export interface StageRow {
  id: number;
  sprintId: number;
  name: string;
  type: string;
  sort: number;
  color: string;
}

/** A task's place in a backlog or a sprint. */
export interface ScrumItem {
  taskId: number;
  entityId: number;
  storyPoints: string;
  epicId: number;
  sort: number;
  createdBy: number;
  modifiedBy: number;
}

export interface ScrumState {
  users: number[];
  groups: { id: number; forbidden: number[] }[];
  backlogs: BacklogRow[];
  sprints: SprintRow[];
  epics: EpicRow[];
  stages: StageRow[];
  items: ScrumItem[];
  tasks: [number, number][];
  stageOfTask: [number, number][];
}

/** A portal's scrum data, open to tests; backlogs and sprints share one sequence of ids, as on the vendor's side. */
export class ScrumStore {
  readonly users = new Set<number>();
  /** Group id → the users who may not see it. */
  readonly groups = new Map<number, Set<number>>();
  readonly backlogs = new Map<number, BacklogRow>();
  readonly sprints = new Map<number, SprintRow>();
  readonly epics = new Map<number, EpicRow>();
  readonly stages = new Map<number, StageRow>();
  /** Task id → its place in a backlog or sprint. */
  readonly items = new Map<number, ScrumItem>();
  /** Task id → its group. */
  readonly tasks = new Map<number, number>();
  /** Files of the Drive, by their ids. */
  readonly files = new Set<number>();
  /** Task id → its kanban stage. */
  readonly stageOfTask = new Map<number, number>();

  addGroup(groupId: number): void {
    if (!this.groups.has(groupId)) this.groups.set(groupId, new Set());
  }

  forbid(groupId: number, userId: number): void {
    this.addGroup(groupId);
    this.groups.get(groupId)?.add(userId);
  }

  allow(groupId: number, userId: number): void {
    this.groups.get(groupId)?.delete(userId);
  }

  /** False for an unknown group as well, as `add` reports it (docs/bitrix24-rules.md#scrum). */
  canAccess(groupId: number, userId: number): boolean {
    const forbidden = this.groups.get(groupId);
    return forbidden !== undefined && !forbidden.has(userId);
  }

  /** Adds a backlog under the next id, or under the one given. */
  addBacklog(fields: Omit<BacklogRow, 'id'> & { id?: number }): BacklogRow {
    const backlog = { ...fields, id: fields.id ?? this.nextEntityId() };
    this.backlogs.set(backlog.id, backlog);
    return backlog;
  }

  addTask(taskId: number, groupId: number): void {
    this.tasks.set(taskId, groupId);
  }

  /** Puts a task into a backlog or sprint. */
  addItem(entityId: number, taskId: number): ScrumItem {
    const item = { taskId, entityId, storyPoints: '', epicId: 0, sort: 1, createdBy: 1, modifiedBy: 1 };
    this.items.set(taskId, item);
    return item;
  }

  backlogOfGroup(groupId: number): BacklogRow | undefined {
    return [...this.backlogs.values()].find((backlog) => backlog.groupId === groupId);
  }

  activeSprintOf(groupId: number): SprintRow | undefined {
    return [...this.sprints.values()].find((sprint) => sprint.groupId === groupId && sprint.status === 'active');
  }

  itemsOf(entityId: number): ScrumItem[] {
    return [...this.items.values()].filter((item) => item.entityId === entityId);
  }

  /** The group of a backlog or sprint. */
  groupOfEntity(entityId: number): number | undefined {
    return (this.backlogs.get(entityId) ?? this.sprints.get(entityId))?.groupId;
  }

  nextEntityId(): number {
    return Math.max(0, ...this.backlogs.keys(), ...this.sprints.keys(), this.lastEntityId) + 1;
  }

  /** Of epics, or of stages: an id is never given again, also when what had it is gone. */
  nextId(map: ReadonlyMap<number, unknown>): number {
    const id = Math.max(0, ...map.keys(), this.lastIds.get(map) ?? 0) + 1;
    this.lastIds.set(map, id);
    return id;
  }

  /** Removes a backlog or sprint; its id is never given again. */
  removeEntity(entityId: number): void {
    this.lastEntityId = Math.max(this.lastEntityId, entityId);
    this.backlogs.delete(entityId);
    this.sprints.delete(entityId);
  }

  toState(): ScrumState {
    return {
      users: [...this.users],
      groups: [...this.groups].map(([id, forbidden]) => ({ id, forbidden: [...forbidden] })),
      backlogs: [...this.backlogs.values()],
      sprints: [...this.sprints.values()],
      epics: [...this.epics.values()],
      stages: [...this.stages.values()],
      items: [...this.items.values()],
      tasks: [...this.tasks],
      stageOfTask: [...this.stageOfTask],
    };
  }

  restore(state: ScrumState): void {
    for (const user of state.users) this.users.add(user);
    for (const { id, forbidden } of state.groups) this.groups.set(id, new Set(forbidden));
    for (const backlog of state.backlogs) this.backlogs.set(backlog.id, backlog);
    for (const sprint of state.sprints) this.sprints.set(sprint.id, sprint);
    for (const epic of state.epics) this.epics.set(epic.id, epic);
    for (const stage of state.stages) this.stages.set(stage.id, stage);
    for (const item of state.items) this.items.set(item.taskId, item);
    for (const [task, group] of state.tasks) this.tasks.set(task, group);
    for (const [task, stage] of state.stageOfTask) this.stageOfTask.set(task, stage);
  }

  private lastEntityId = 0;
  private readonly lastIds = new Map<ReadonlyMap<number, unknown>, number>();
}
