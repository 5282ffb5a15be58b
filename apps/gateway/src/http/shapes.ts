import { z } from 'zod';

/** An id in Bitrix24: a positive integer that JSON carries without loss. */
export const idSchema = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** An id in a path, parsed from text. */
export const pathId = z
  .string()
  .regex(/^[1-9]\d{0,15}$/, 'Must be a positive whole number.')
  .transform(Number)
  .refine(Number.isSafeInteger, 'Must be at most 9007199254740991.')
  .meta({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, examples: [125] });

/** A flag in a query. */
export const flagText = z
  .string()
  .refine((text) => text === 'true' || text === 'false', 'Must be `true` or `false`.')
  .transform((text) => text === 'true')
  .meta({ type: 'boolean' });

/** The size of a page, in a query (`text`) and in JSON. */
export function pageLimit(max: number): { text: z.ZodType<number>; json: z.ZodType<number> } {
  const json = z.int().min(1).max(max);
  const text = z
    .string()
    .regex(/^[1-9]\d{0,3}$/, `Must be a whole number from 1 to ${max}.`)
    .transform(Number)
    .refine((n) => n <= max, `Must be a whole number from 1 to ${max}.`)
    .meta({ type: 'integer', minimum: 1, maximum: max });
  return { text, json };
}

/** The size of a page of what the gateway stores. */
export const listLimit = pageLimit(200).text.describe('The maximum number of items on the page; 50 by default.');

/** A time as ISO 8601 with an offset, for example `2026-11-02T09:00:00+01:00`. */
export const momentSchema = z.iso
  .datetime({ offset: true, error: 'Must be a time with an offset, for example 2026-11-02T09:00:00+01:00.' })
  .meta({ examples: ['2026-11-02T09:00:00+01:00'] });

/** The name of a portal: its member id, alias or domain. */
export const portalName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/, 'Must be a member id, an alias or a domain.')
  .meta({ description: 'A member id, an alias or a domain.', examples: ['acme'] });

/** A tag, by which portals are selected. */
export const tagSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._:-]{0,62}$/,
    'Must be 1 to 63 lower-case letters, digits, dots, colons, dashes and underscores.',
  )
  .meta({ description: 'A tag of portals.', examples: ['retail'] });
export const tagsSchema = z.array(tagSchema).max(20).describe('Your own words, by which portals can be selected.');

/** An alias; never a member id or a domain, so that a name leads to one portal only. */
export const aliasSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'Must be 1 to 63 lower-case letters, digits and dashes.')
  .refine((text) => !/^[0-9a-f]{32}$/.test(text), 'Must not look like a member id.')
  .describe('Your own short name for the portal, to use in paths.');

/** The id of an app. */
export const appPattern = /^(default|a_[0-9a-f]{16})$/;
export const appId = z
  .string()
  .regex(appPattern, 'Must be `default` or the id of a registered app.')
  .meta({
    description: '`default` for the app of the settings, or the `id` that `POST /v1/apps` returned.',
    examples: ['a_5f2b8c1d9e0a7b64'],
  });
