import { type Entity } from '@b24/portal';
import { z } from 'zod';
import { idSchema } from '../../http/shapes';

export const groupId = idSchema.describe('The id of the group: the number in its address, `/workgroups/group/125/`.');
export const sprintId = idSchema.describe('The id of the sprint.');
export const name = z.string().min(1).max(255).describe('The name.');
const sortText = 'The position: lower numbers come first.';
export const sort = z.int().min(0).max(2_147_483_647).describe(sortText);
export const answeredSort = z.int().describe(sortText);

/** The users of an answer; 0 when there is none. */
export const answeredAuthorFields = {
  createdBy: z.int().min(0).describe('The id of the user who created it; 0 when there is none.'),
  modifiedBy: z.int().min(0).describe('The id of the user who last changed it; 0 when there is none.'),
};

/** The users of a write, who must exist in the portal. */
export const authorFields = {
  createdBy: idSchema.describe('The id of the user who creates it.').optional(),
  modifiedBy: idSchema.describe('The id of the user who changes it.').optional(),
};

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
