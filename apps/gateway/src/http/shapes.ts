import { z } from 'zod';

/** An id in Bitrix24: a positive whole number that JSON can carry without loss. */
export const idSchema = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** The same in a path. */
export const pathId = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'Must be a positive whole number.')
  .transform(Number)
  .refine(Number.isSafeInteger, 'Must be at most 9007199254740991.')
  .meta({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [125] });

/** How many a page holds, in a query and in JSON. */
export function pageLimit(most: number): { text: z.ZodType<number>; json: z.ZodType<number> } {
  const json = z.int().min(1).max(most);
  const text = z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `Must be a whole number from 1 to ${most}.`)
    .transform(Number)
    .refine((n) => n <= most, `Must be a whole number from 1 to ${most}.`)
    .meta({ type: 'integer', minimum: 1, maximum: most });
  return { text, json };
}

/** The same for what the gateway itself keeps. */
export const listLimit = pageLimit(200).text;

/** A moment as ISO 8601 with an offset, as `2026-11-02T09:00:00+01:00`. */
export const momentSchema = z.iso
  .datetime({ offset: true, error: 'Must be a moment with an offset, as 2026-11-02T09:00:00+01:00.' })
  .meta({ examples: ['2026-11-02T09:00:00+01:00'] });

/** A portal in a path: its member id, alias or domain. */
export const portalName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/, 'Must be a member id, an alias or a domain.')
  .meta({ description: 'A member id, an alias or a domain.', examples: ['acme'] });

/** A word by which portals are picked out. */
export const tagSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._:-]{0,62}$/,
    'Must be 1 to 63 lower-case letters, digits, dots, colons, dashes and underscores.',
  )
  .meta({ examples: ['retail'] });
export const tagsSchema = z.array(tagSchema).max(20);

/** Neither a member id nor a domain, so that a name leads to one portal only. */
export const aliasSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'Must be 1 to 63 lower-case letters, digits and dashes.')
  .refine((text) => !/^[0-9a-f]{32}$/.test(text), 'Must not look like a member id.');

/** An app of this gateway. */
export const appPattern = /^(default|a_[0-9a-f]{16})$/;
export const appId = z
  .string()
  .regex(appPattern, 'Must be `default` or the id of a registered app.')
  .meta({ examples: ['a_5f2b8c1d9e0a7b64'] });
