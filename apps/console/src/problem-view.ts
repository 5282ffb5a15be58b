import type { ProblemGroup } from './api-types';

export interface ProblemRow {
  readonly key: string;
  /** As reported last. */
  readonly group: ProblemGroup;
  /** What the opened row shows: as it was when the row was opened, so that nothing in it moves while it is read. */
  readonly body: ProblemGroup;
}

/** The list of problems as one person sees it: rows keep their place, and nothing moves while it is read. */
export interface ProblemView {
  /** In the order in which they were first seen here. */
  readonly rows: readonly ProblemRow[];
  /** Reported last; undefined while it is not known. */
  readonly reported: readonly ProblemGroup[] | undefined;
  readonly open: ReadonlySet<string>;
  readonly hasPointer: boolean;
  readonly hasFocus: boolean;
}

export type ProblemEvent =
  | { readonly kind: 'reported'; readonly groups: readonly ProblemGroup[] | undefined }
  | { readonly kind: 'toggled'; readonly key: string; readonly isOpen: boolean }
  | { readonly kind: 'pointer' | 'focus'; readonly isInside: boolean }
  | { readonly kind: 'new-wanted' };

export const nothingSeen: ProblemView = {
  rows: [],
  reported: undefined,
  open: new Set(),
  hasPointer: false,
  hasFocus: false,
};

/** The view after an event. */
export function afterEvent(view: ProblemView, event: ProblemEvent): ProblemView {
  switch (event.kind) {
    case 'reported':
      return settled({ ...view, reported: event.groups });
    case 'toggled': {
      const open = new Set(view.open);
      open[event.isOpen ? 'add' : 'delete'](event.key);
      return settled({ ...view, open });
    }
    case 'pointer':
      return settled({ ...view, hasPointer: event.isInside });
    case 'focus':
      return settled({ ...view, hasFocus: event.isInside });
    case 'new-wanted':
      return { ...view, rows: [...view.rows, ...newOf(view).map(rowOf)] };
  }
}

/** Reported kinds that have no row yet: they wait while the list is read. */
export function newOf({ rows, reported = [] }: ProblemView): ProblemGroup[] {
  const shown = new Set(rows.map(({ key }) => key));
  return reported.filter((group) => !shown.has(keyOf(group)));
}

function settled(view: ProblemView): ProblemView {
  const { reported } = view;
  if (!reported) return view;
  const now = new Map(reported.map((group) => [keyOf(group), group]));
  const rows = view.rows.map(({ key, group, body }) => {
    const latest = now.get(key) ?? group;
    return { key, group: latest, body: view.open.has(key) ? body : latest };
  });
  if (isRead(view)) return { ...view, rows };
  return { ...view, rows: [...rows.filter(({ key }) => now.has(key)), ...newOf(view).map(rowOf)] };
}

/** Whether somebody reads the list: rows may neither come nor go. */
function isRead({ rows, open, hasPointer, hasFocus }: ProblemView): boolean {
  return rows.length > 0 && (open.size > 0 || hasPointer || hasFocus);
}

function rowOf(group: ProblemGroup): ProblemRow {
  return { key: keyOf(group), group, body: group };
}

function keyOf({ method, code, caller }: ProblemGroup): string {
  return JSON.stringify([method, code, caller]);
}
