import { isMap } from '../php-input';
import { V3Refusal } from './v3-refusal';
import type { V3Row } from './v3-store';

export interface V3Entity {
  /** For example `TaskDto`. */
  readonly name: string;
  readonly fields: readonly string[];
  /** The fields of related objects, by the field that leads to one. */
  readonly relations?: Readonly<Record<string, V3Relation>>;
}

interface V3Relation {
  readonly name: string;
  readonly fields: readonly string[];
  readonly read: (row: V3Row) => V3Row;
}

/**
 * The fields that `select` names; of an object's own fields an unknown one is left out, of a related object's it is an
 * error. Without `select`, all of its own.
 */
export function selectFields(row: V3Row, entity: V3Entity, select: unknown): V3Row {
  if (select === undefined) return row;
  if (!Array.isArray(select)) throw V3Refusal.of('INVALIDSELECT', 'Cannot recognize select parameter');
  const selected: Record<string, unknown> = {};
  for (const name of select.map(String)) {
    const [field = '', related] = name.split('.', 2);
    if (related !== undefined)
      selected[field] = { ...alreadySelected(selected[field]), ...relatedField(row, entity, field, related) };
    else if (entity.fields.includes(field)) selected[field] = row[field];
  }
  return selected;
}

function alreadySelected(value: unknown): V3Row {
  return isMap(value) ? value : {};
}

function relatedField(row: V3Row, entity: V3Entity, field: string, related: string): V3Row {
  const relation = entity.relations?.[field];
  if (relation === undefined) throw V3Refusal.unknownField(field, entity.name);
  if (!relation.fields.includes(related)) throw V3Refusal.unknownField(related, relation.name);
  return { [related]: relation.read(row)[related] };
}
