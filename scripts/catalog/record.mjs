/** Returns the record of a method as the data file has it: facts that are absent or usual are left out. */
export function recordOf(method) {
  const { scopes, effect, needsApp, needsAdministrator, deprecated, isBatchable, parameters, result, paging } = method;
  return {
    ...(scopes.length > 0 && { scope: scopes.length === 1 ? scopes[0] : scopes }),
    effect,
    ...(needsApp && { app: true }),
    ...(needsAdministrator && { administrator: true }),
    ...(deprecated && { deprecated }),
    ...(!isBatchable && { batch: false }),
    ...(parameters && { params: fieldsOf(parameters) }),
    ...(result && { result: resultRecord(result, effect) }),
    ...(paging && { paging }),
    ...(method.errors.size > 0 && { errors: errorRecord(method.errors) }),
    page: method.page,
    ...(method.missing.length > 0 && { missing: method.missing }),
  };
}

function fieldsOf(fields) {
  return Object.fromEntries([...fields].map(([name, field]) => [name, fieldRecord(field)]));
}

/** A field without fields and values is the text of its type, with `!` if it is required. */
function fieldRecord({ type, required = false, fields, values }) {
  const text = `${type}${required ? '!' : ''}`;
  if (!fields && !values) return text;
  return { type: text, ...(fields && { fields: fieldsOf(fields) }), ...(values && { values }) };
}

/** The records of an answer matter where they can be read again. */
function resultRecord({ isMap, ...result }, effect) {
  if (effect === 'write') return { type: result.type };
  return { ...result, ...(isMap && { map: true }) };
}

/** Error codes by HTTP status; those without one are under 0. */
function errorRecord(errors) {
  const byStatus = {};
  for (const [code, status] of [...errors].sort(([a], [b]) => (a < b ? -1 : 1))) (byStatus[status] ??= []).push(code);
  return byStatus;
}
