import { type Command, type Entity, Fault, type Result } from '@b24/portal';
import type { Rule } from '@b24/writes';
import { z } from 'zod';
import { idSchema } from '../http/shapes';

/*
 * The vendor's backlog methods (section 6 of its rules) and what we show of them. Numbers are integers both ways;
 * `modifiedBy` is 0 when nobody was named.
 */

export const backlogExample = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };

export const backlogSchema = z
  .object({ id: idSchema, groupId: idSchema, createdBy: z.int().min(0), modifiedBy: z.int().min(0) })
  .meta({ id: 'Backlog', examples: [backlogExample] });
export type Backlog = z.infer<typeof backlogSchema>;

export const newBacklogSchema = z
  .strictObject({ groupId: idSchema, createdBy: idSchema, modifiedBy: idSchema.optional() })
  .meta({ id: 'NewBacklog', examples: [{ groupId: 125, createdBy: 6 }] });

export const backlogChangesSchema = z
  .strictObject({ groupId: idSchema.optional(), createdBy: idSchema.optional(), modifiedBy: idSchema.optional() })
  .refine((changes) => Object.keys(changes).length > 0, 'Name at least one field to change.')
  .meta({ id: 'BacklogChanges', minProperties: 1, examples: [{ modifiedBy: 1 }] });

export const backlogFieldsSchema = z.record(z.string(), z.object({ type: z.string() })).meta({
  id: 'BacklogFields',
  examples: [{ groupId: { type: 'integer' }, createdBy: { type: 'integer' }, modifiedBy: { type: 'integer' } }],
});
export type BacklogFields = z.infer<typeof backlogFieldsSchema>;

const command = (
  effect: Command['effect'],
  name: string,
  params: Command['params'],
  ids: Entity['ids'],
  family = 'backlog',
): Command => ({ method: `tasks.api.scrum.backlog.${name}`, params, effect, entity: { family, ids } });

export const backlogMethods = {
  /** The vendor's `id` is the group's. */
  get: (groupId: number) => command('read', 'get', { id: groupId }, { group: groupId }),
  getFields: () => command('read', 'getFields', {}, {}, 'backlog fields'),
  add: (fields: z.infer<typeof newBacklogSchema>) => command('write', 'add', { fields }, { group: fields.groupId }),
  /** Moved to another group, it concerns that group's backlog too, whichever that is. */
  update: (id: number, fields: z.infer<typeof backlogChangesSchema>) =>
    command('write', 'update', { id, fields }, fields.groupId === undefined ? { backlog: id } : {}),
  delete: (id: number) => command('write', 'delete', { id }, { backlog: id }),
};

/** How a write is settled whose answer was lost (docs/decisions/0008). */
export const backlogRules = {
  add: (fields: z.infer<typeof newBacklogSchema>): Rule<Backlog> => ({
    kind: 'unique',
    look: backlogMethods.get(fields.groupId),
    isAsSent: (found) => Object.entries(fields).every(([name, value]) => found[name as keyof Backlog] === value),
    absent: 'backlog_not_found',
    taken: 'backlog_already_exists',
    advice: "Read the group's backlog before you add it again.",
  }),
  update: {
    kind: 'repeatable',
    advice: 'Read the backlog of its group; the same change may be sent again if nobody else changed it since.',
  },
  delete: {
    kind: 'removal',
    gone: 'backlog_not_found',
    kept: 'backlog_not_empty',
    advice: 'Delete it again: 404 means that it is gone.',
  },
} as const;

export function toBacklog({ value }: Result): Backlog {
  return understood(backlogSchema, value);
}

export function toBacklogFields({ value }: Result): BacklogFields {
  return understood(z.object({ fields: backlogFieldsSchema }), value).fields;
}

function understood<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault('portal_error', {
    detail: 'The portal carried the call out but its answer is not of the documented shape.',
  });
}
