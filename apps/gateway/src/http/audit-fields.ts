import { SetMetadata } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import { z } from 'zod';

export const auditFieldsMetadata = 'b24:audit fields';

/** The fields of a body that the audit log records. */
export interface AuditFields {
  /** Numbers and flags, recorded by their value. */
  readonly byValue: readonly string[];
  /** Everything else, recorded as "set" or "removed", because it may contain user text. */
  readonly byPresence: readonly string[];
}

/** Derives the audit fields from the schema of a body. */
export function auditFieldsOf(schema: z.ZodType | undefined): AuditFields {
  const body = schema && innermost(schema);
  const fields = body instanceof z.ZodObject ? Object.entries(body.shape) : [];
  const names = (isWanted: boolean) =>
    fields.filter(([, field]) => isNumberOrFlag(field as z.ZodType) === isWanted).map(([name]) => name);
  return { byValue: names(true), byPresence: names(false) };
}

/** Stores the audit fields of an operation as metadata. Nest has read its `@Body` decorator before. */
export function AuditBody(): MethodDecorator {
  return (target, key, descriptor) => {
    const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, target.constructor, key) ?? {}) as Record<
      string,
      { readonly schema?: z.ZodType }
    >;
    const [, body] = Object.entries(parameters).find(([name]) => name.startsWith(`${RouteParamtypes.BODY}:`)) ?? [];
    return SetMetadata(auditFieldsMetadata, auditFieldsOf(body?.schema))(target, key, descriptor);
  };
}

function isNumberOrFlag(schema: z.ZodType): boolean {
  const inner = innermost(schema);
  if (inner instanceof z.ZodLiteral) return [...inner.values].every((value) => typeof value !== 'string');
  return inner instanceof z.ZodNumber || inner instanceof z.ZodBoolean;
}

/** The schema inside optional, nullable, default and piped ones. */
function innermost(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodPipe) return innermost(schema.in as z.ZodType);
  const wraps =
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault;
  return wraps ? innermost(schema.unwrap() as z.ZodType) : schema;
}
