import { type Command, isMethodName, orderedObject, toNumber } from '@b24/portal';
import { findLoneSurrogate } from '@b24/upstream';
import { z } from 'zod';
import { vendorCatalog } from './vendor-catalog';

/*
 * Methods that the gateway knows only by name.
 */

/** Parameters in which the vendor takes a token (docs/bitrix24-rules.md#values). */
const reservedParams: ReadonlySet<string> = new Set(['auth', 'access_token']);

/** A method name, such as `crm.deal.list`. Batches have an operation of their own. */
export const methodName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9]*(?:[._][a-z0-9]+)*$/i, 'Must be the name of a Bitrix24 method, such as `crm.deal.list`.')
  .refine((name) => !/^batch(?:\.|$)/i.test(name), 'Batches go to POST /v1/portals/{portal}/batch.')
  .refine(isMethodName, 'Must be the name of one method, without `.json` or `.xml`; files are not served.')
  .meta({
    description: 'The full name of a Bitrix24 REST method, for example `crm.deal.list`.',
    examples: ['crm.deal.list'],
  });

/** The message for a text that ends within a character. */
export const halfEmojiMessage = 'Holds half of a surrogate pair, such as half an emoji: cut texts between characters.';

/** The parameters of a method as a caller sends them; a list holds positional parameters. */
export type GivenParams = Readonly<Record<string, unknown>> | readonly unknown[];

export const methodParams = z
  .unknown()
  .superRefine((params, context) => {
    if (typeof params !== 'object' || params === null) {
      context.addIssue({ code: 'custom', message: 'Must be an object, or a list of positional parameters.' });
      return;
    }
    for (const name of Object.keys(params)) {
      if (!reservedParams.has(name.toLowerCase())) continue;
      context.addIssue({ code: 'custom', path: [name], message: 'Reserved: the gateway sets it itself.' });
    }
    const unreadable = findLoneSurrogate(params);
    if (unreadable !== undefined) context.addIssue({ code: 'custom', path: [unreadable], message: halfEmojiMessage });
  })
  .meta({
    description:
      'The parameters of the method, as Bitrix24 documents them. Every value arrives as sent: long integers, decimals, order, nulls. A list holds positional parameters.',
    type: ['object', 'array'],
    examples: [{ filter: { '>ID': 100 }, select: ['ID', 'TITLE'] }],
  }) as z.ZodType<GivenParams, GivenParams>;

/** A long body may write it as `50.0`. */
export const startSchema = z
  .preprocess((it) => toNumber(it) ?? it, z.int().min(-1))
  .meta({
    description: 'Where a list continues: the `next` of the page before, or -1 for a faster page without `total`.',
  });

/** The last parts of method names that read, in lower case. They decide about methods that the catalog does not know. */
const readingNames =
  /^(?:get|list|fields|info|count|search\w*|find|current|getfields|gettypes?|getlist|getstages|getbyid|getall|getcount)$/;

/** Methods that the catalog does not know, and that read although their names do not say so. */
const readingMethods: ReadonlySet<string> = new Set([
  'documentation',
  'main.eventlog.tail',
  'rest.documentation.openapi',
]);

/**
 * Returns a command of any method. A method that is not known to read counts as a write: it is never sent again once it may
 * have been executed, and its answer is not shared. The catalog knows; of other methods, their names decide.
 */
export function anyCommand(method: string, params: GivenParams): Command {
  return { method, params: namedParams(params), effect: isReadMethod(method) ? 'read' : 'write' };
}

/** PHP reads the list `[a, b]` and the map `{"0": a, "1": b}` alike. */
export function namedParams(params: GivenParams): Command['params'] {
  return isList(params) ? orderedObject(params.map((value, i) => [String(i), value])) : params;
}

export function isList(params: GivenParams): params is readonly unknown[] {
  return Array.isArray(params);
}

/** A consuming method changes what it reads, so it counts as a write. */
export function isReadMethod(method: string): boolean {
  const effect = vendorCatalog.effectOf(method);
  return effect === undefined ? soundsLikeRead(method.toLowerCase()) : effect === 'read';
}

function soundsLikeRead(name: string): boolean {
  return readingMethods.has(name) || readingNames.test(name.slice(name.lastIndexOf('.') + 1));
}
