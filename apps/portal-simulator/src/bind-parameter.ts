import { type PhpInput, isMap } from './php-input';
import { VendorRefusal } from './vendor-refusal';

/** The vendor's binder for a parameter of type int; its refusals have code 100 (docs/bitrix24-rules.md#scrum). */
export function bindInt(params: PhpInput, name: string): number {
  const value = found(params, name);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  if (value === true) return 1;
  if (typeof value === 'string' && /^\s*[+-]?(0|[1-9]\d*)\s*$/.test(value)) return Number(value);
  throw invalid(value, name, 'int');
}

/** The vendor's binder for a parameter of type array; a PHP list is an array too. */
export function bindFields(params: PhpInput, name = 'fields'): PhpInput {
  const value = found(params, name);
  if (isMap(value)) return value;
  if (Array.isArray(value)) return { ...value };
  throw invalid(value, name, 'array');
}

export function bindOptionalFields(params: PhpInput, name: string): PhpInput {
  return params[name] === undefined ? {} : bindFields(params, name);
}

/** PHP's `is_numeric`. */
export function isNumeric(value: unknown): value is number | string {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' && /^\s*[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?\s*$/i.test(value);
}

/** PHP's `(int)` cast. */
export function toInt(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : 0;
  if (typeof value === 'string') return Math.trunc(Number.parseFloat(value)) || 0;
  if (Array.isArray(value)) return value.length > 0 ? 1 : 0;
  if (isMap(value)) return Object.keys(value).length > 0 ? 1 : 0;
  return value === true ? 1 : 0;
}

export function toText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  if (value === true) return '1';
  return typeof value === 'object' && value !== null ? 'Array' : '';
}

function found(params: PhpInput, name: string): unknown {
  const value = params[name];
  if (value !== undefined && value !== null) return value;
  throw new VendorRefusal(100, `Could not find value for parameter {${name}}`, 400);
}

function invalid(value: unknown, name: string, type: string): VendorRefusal {
  const shown = toText(value);
  return new VendorRefusal(
    100,
    `Invalid value {${shown}} to match with parameter {${name}}. Should be value of type ${type}.`,
    400,
  );
}
