import { Fault } from '@b24/portal';
import { type ArgumentMetadata, StandardSchemaValidationPipe } from '@nestjs/common';
import { assertArrayBounds } from './array-bounds';
import { isPayload } from './payload-body';
import { assertSafeJson } from './safe-json';

interface Issue {
  readonly message: string;
  readonly path?: readonly unknown[] | undefined;
  /** The issue of a strict object that has unknown fields. */
  readonly keys?: readonly string[];
}

const maxErrors = 50;

/** Validates input by its schema. The problem names every invalid parameter and field. */
export class SchemaValidationPipe extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const { schema, type, data } = metadata;
    if (!schema || !this.toValidate(metadata)) return value;
    // Nest would silently remove them, but the caller should be informed.
    if (!isPayload(value)) assertSafeJson(value);
    assertArrayBounds(schema, value);
    const result = await this.validate<T>(value, schema);
    if (!result.issues) return result.value;
    const place = type === 'body' || data === undefined ? [] : [data];
    throw validationFault(result.issues, place);
  }
}

/** Creates the fault for an input that its schema rejected, with paths below this one. */
export function validationFault(issues: readonly Issue[], place: readonly string[] = []): Fault {
  const errors = issues.flatMap((issue) => errorsOf(issue, place));
  return new Fault('invalid_request', { errors: errors.slice(0, maxErrors) });
}

function errorsOf({ message, path = [], keys }: Issue, place: readonly string[]): { path: string; message: string }[] {
  const whole = [...place, ...path.map(segment)];
  if (!keys) return [{ path: whole.join('.'), message }];
  return keys.map((key) => ({ path: [...whole, key].join('.'), message: 'Is not a field of this.' }));
}

function segment(part: unknown): string {
  return String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part);
}
