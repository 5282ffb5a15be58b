import { type Entity } from '@b24/portal';
import { z } from 'zod';
import { idSchema } from '../../http/shapes';

/** A user id; 0 when there is none. */
export const userIdOrZero = z.int().min(0);
export const name = z.string().min(1).max(255);
export const sort = z.int().min(0).max(2_147_483_647);

/** The users of a write, who must exist in the portal. */
export const authorFields = { createdBy: idSchema.optional(), modifiedBy: idSchema.optional() };

export function changesSchema<Shape extends z.ZodRawShape>(shape: Shape, id: string, example: object) {
  return z
    .strictObject(shape)
    .refine((fields) => Object.keys(fields).length > 0, 'Name at least one field to change.')
    .meta({ id, minProperties: 1, examples: [example] });
}

/**
 * An entity of the vendor's module `tasks`, whose parts depend on each other: a deleted sprint moves tasks, a deleted
 * backlog must have none, an epic belongs to tasks. So only two entities of one kind are known to be different. Without
 * ids it may be any of them. A declaration needs this only where its path does not name the entity.
 */
export function scrumEntity(ids: Entity['ids'] = {}): Entity {
  return { family: 'tasks', ids };
}

/** The descriptions of fields, which no write changes. */
export const fieldsEntity = (): Entity => ({ family: 'field descriptions', ids: {} });
