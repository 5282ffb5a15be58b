import type { FieldRecords, MethodRecord } from '../method-record';
import { type MethodSchema, schemaOfExample, schemaOfType } from './json-schema';

/** Returns the name of the response that all methods with such a result and without documented fields share, for example `List.tasks.id`. */
export function responseNameOf({ result, paging }: Pick<MethodRecord, 'result' | 'paging'>): string {
  const { type = 'any', rows, id } = result ?? {};
  if (paging) return ['List', rows, id].filter(Boolean).join('.');
  return ['Result', type === '' ? 'any' : type, rows]
    .filter(Boolean)
    .join('.')
    .replace(/[^\w.-]/g, '_');
}

/** Returns that response: the answer of `callMethod`, with the result as far as its type is known. */
export function responseOf(record: Pick<MethodRecord, 'result' | 'paging'>): MethodSchema {
  const schema = {
    type: 'object',
    properties: { result: resultOf(record), ...(record.paging && pageFields), time: { type: 'object' } },
    required: ['result'],
  };
  return {
    description: 'The result of the method.',
    headers: { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } },
    content: { 'application/json': { schema } },
  };
}

const pageFields = { total: { type: 'integer' }, next: { type: 'integer' } } as const;

function resultOf({ result, paging }: Pick<MethodRecord, 'result' | 'paging'>): MethodSchema {
  if (!result) return {};
  const { type, rows, id, fields } = result;
  if (result.map) return fields ? { type, additionalProperties: recordOf(id, fields) } : schemaOfType(type);
  if (rows === undefined) return fields ? { type, properties: schemaOfExample(fields) } : schemaOfType(type);
  const row = recordOf(id, fields);
  const records = paging ? { type: 'array', items: row } : {};
  return rows === '' ? records : { type: 'object', properties: { [rows]: records }, required: [rows] };
}

/** An id is a number or its text, and always there. */
function recordOf(id: string | undefined, fields: FieldRecords = {}): MethodSchema {
  const properties = { ...schemaOfExample(fields), ...(id && { [id]: { type: ['integer', 'string'] } }) };
  return {
    type: 'object',
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(id && { required: [id] }),
  };
}
