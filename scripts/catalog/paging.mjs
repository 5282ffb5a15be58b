import { plain, proseOf } from './page-text.mjs';

const ownNames =
  /^(?:page|page_?(?:size|num(?:ber)?)|per_?page|limit|offset|last_?id|first_?id|nav_params|navigation|pagination|cursor)$/i;
const byPosition = /\border of (?:the )?parameters in the request\b|\bparameters in the request\b.{0,40}\border\b/i;
const startName = /^start$/i;

/**
 * Returns how a method pages its records: by `start`, by parameters of its own, or not at all; and, if its records can be filtered
 * and ordered by their id, under which names. Undefined for a method that lists nothing.
 */
export function pagingOf({ effect, parameters = new Map(), result, sent, text }) {
  const positional = byPosition.test(plain(proseOf(text)));
  const place = positional && { positional };
  if (effect === 'write' || result === undefined || !isList(result))
    return positional ? { by: 'none', ...place } : undefined;
  const own = ownPaging(parameters);
  const start = [...parameters.keys()].find((it) => startName.test(it));
  if (start === undefined && own.length > 0) return { by: 'own', names: own, ...place };
  if (start === undefined && !result.next && !result.total) return { by: 'none', ...place };
  const byId = result.id === undefined ? undefined : idWalkOf(parameters, result.id, sent);
  return { by: 'start', ...(start !== undefined && start !== 'start' && { start }), ...(byId && { byId }), ...place };
}

function isList({ rows, isMap, next, total }) {
  return rows !== undefined || isMap === true || next === true || total === true;
}

function ownPaging(parameters) {
  return [...parameters.keys()].filter((it) => ownNames.test(it));
}

/** Returns the names by which records are filtered and ordered by id, if the page shows both; else undefined. */
function idWalkOf(parameters, id, sent) {
  const filter = nameLike(parameters, /^filter$/i);
  const order = nameLike(parameters, /^order$/i);
  if (filter === undefined || order === undefined) return undefined;
  // A text names one field, and another parameter its direction.
  if (!/object|array/.test(parameters.get(order).type)) return undefined;
  const filterId = idKey(
    parameters.get(filter),
    sent.map((it) => it[filter]),
  );
  const orderId = idKey(
    parameters.get(order),
    sent.map((it) => it[order]),
  );
  if (filterId === undefined || orderId === undefined || !takesGreater(parameters.get(filter), sent, filter))
    return undefined;
  return {
    filter,
    order,
    id: orderId,
    ...(filterId !== orderId && { filterId }),
    ...(orderId !== id && { rowId: id }),
  };
}

function nameLike(parameters, pattern) {
  return [...parameters.keys()].find((it) => pattern.test(it));
}

/** Returns the key of the id, as the table of fields or an example writes it. */
function idKey({ fields }, examples) {
  const keys = [...(fields?.keys() ?? []), ...examples.flatMap((it) => Object.keys(it ?? {}))];
  return keys.map((it) => it.replace(/^\W+/, '')).find((it) => /^id$/i.test(it));
}

function takesGreater({ takesOperators }, sent, filter) {
  return takesOperators === true || sent.some((it) => Object.keys(it[filter] ?? {}).some((key) => key.startsWith('>')));
}
