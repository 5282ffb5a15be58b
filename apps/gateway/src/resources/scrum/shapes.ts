import { type Entity } from '@b24/portal';
import { z } from 'zod';
import { idSchema } from '../../http/shapes';

/** A person, by its id; 0 where nobody is named. */
export const userIdOrZero = z.int().min(0);
export const name = z.string().min(1).max(255);
export const sort = z.int().min(0).max(2_147_483_647);

/** The people of a write; the portal must know them. */
export const authorFields = { createdBy: idSchema.optional(), modifiedBy: idSchema.optional() };

export function changesSchema<Shape extends z.ZodRawShape>(shape: Shape, id: string, example: object) {
  return z
    .strictObject(shape)
    .refine((fields) => Object.keys(fields).length > 0, 'Name at least one field to change.')
    .meta({ id, minProperties: 1, examples: [example] });
}

/**
 * What a scrum method concerns. All of a scrum hangs together: a deleted sprint moves tasks, a deleted backlog must have
 * none, an epic is a task's. So it is one family, in which only two of a kind can be told apart by their ids: a write
 * shares a request with nothing but writes of its own kind on others. No ids: it may concern any of them.
 */
export function scrumEntity(ids: Entity['ids'] = {}): Entity {
  return { family: 'scrum', ids };
}

/** Descriptions of fields do not change by what is written. */
export const scrumFieldsEntity = (): Entity => ({ family: 'scrum fields', ids: {} });
