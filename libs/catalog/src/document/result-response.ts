import type { MethodRecord } from '../method-record';
import { type MethodSchema, schemaOfType } from './json-schema';

/** Returns the name of the response that all methods with such a result share, for example `List.tasks.id`. */
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
  const { type, rows, id } = result;
  if (rows === undefined || result.map) return schemaOfType(type);
  const row = { type: 'object', ...(id && { properties: { [id]: { type: ['integer', 'string'] } }, required: [id] }) };
  const records = paging ? { type: 'array', items: row } : {};
  return rows === '' ? records : { type: 'object', properties: { [rows]: records }, required: [rows] };
}
