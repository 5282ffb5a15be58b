/** A task as its card shows it; its group, backlog or sprint and stage are in the scrum store. */
export interface TaskRow {
  readonly id: number;
  title: string;
  description: string;
  /** 2 waiting, 3 in progress, 4 awaiting control, 5 completed, 6 postponed. */
  status: number;
  priority: number;
  parentId: number;
  responsibleId: number;
  createdBy: number;
  changedBy: number;
  closedBy: number;
  createdDate: string;
  changedDate: string;
  closedDate: string | null;
  deadline: string | null;
  auditors: number[];
  accomplices: number[];
}

export interface ChecklistRow {
  readonly id: number;
  readonly taskId: number;
  /** 0: a checklist of its own. */
  parentId: number;
  createdBy: number;
  title: string;
  sortIndex: number;
  isComplete: boolean;
  isImportant: boolean;
  toggledBy: number | null;
  toggledDate: string;
}

export interface ChatMessageRow {
  readonly id: number;
  readonly chatId: number;
  readonly authorId: number;
  readonly date: string;
  readonly text: string;
}

export interface TaskState {
  rows: TaskRow[];
  checklist: ChecklistRow[];
  messages: ChatMessageRow[];
}

/** The chat of a task has an id of its own: this much more than the task's. */
const chatOffset = 10_000;

/** The cards of a portal's tasks, their checklists and chats, open to tests. */
export class TaskStore {
  readonly rows = new Map<number, TaskRow>();
  readonly checklist = new Map<number, ChecklistRow>();
  readonly messages: ChatMessageRow[] = [];

  /** The card of a task; one that only the scrum store knows gets a plain card. */
  card(id: number): TaskRow {
    const known = this.rows.get(id);
    if (known !== undefined) return known;
    const row = plainCard(id);
    this.rows.set(id, row);
    return row;
  }

  chatOf(taskId: number): number {
    return taskId + chatOffset;
  }

  taskOfChat(chatId: number): number {
    return chatId - chatOffset;
  }

  itemsOf(taskId: number): ChecklistRow[] {
    return [...this.checklist.values()].filter((item) => item.taskId === taskId);
  }

  addMessage(fields: Omit<ChatMessageRow, 'id'>): ChatMessageRow {
    const message = { id: this.messages.length + 1, ...fields };
    this.messages.push(message);
    return message;
  }

  toState(): TaskState {
    return { rows: [...this.rows.values()], checklist: [...this.checklist.values()], messages: [...this.messages] };
  }

  restore({ rows, checklist, messages }: TaskState): void {
    for (const row of rows) this.rows.set(row.id, row);
    for (const item of checklist) this.checklist.set(item.id, item);
    this.messages.push(...messages);
  }
}

function plainCard(id: number): TaskRow {
  const date = '2026-11-02T09:00:00+01:00';
  return {
    ...{ id, title: `Task ${id}`, description: '', status: 2, priority: 1, parentId: 0 },
    ...{ responsibleId: 1, createdBy: 1, changedBy: 1, closedBy: 0 },
    ...{ createdDate: date, changedDate: date, closedDate: null, deadline: null, auditors: [], accomplices: [] },
  };
}
