import 'reflect-metadata';
import { Body } from '@nestjs/common';
import { z } from 'zod';
import { AuditBody, auditFieldsMetadata, auditFieldsOf } from './audit-fields';

describe('the audit fields of a body', () => {
  it('are numbers and flags by value, and all others by presence', () => {
    const body = z.strictObject({
      groupId: z.int(),
      sort: z.number().optional(),
      paused: z.boolean().nullable().default(null),
      admitted: z.literal(true).optional(),
      name: z.string(),
      status: z.enum(['planned', 'active']),
      files: z.array(z.int()),
      limits: z.strictObject({ burst: z.int() }).nullable(),
      days: z.union([z.int(), z.string()]),
    });
    expect(auditFieldsOf(body)).toEqual({
      byValue: ['groupId', 'sort', 'paused', 'admitted'],
      byPresence: ['name', 'status', 'files', 'limits', 'days'],
    });
  });

  it('are found in refined and defaulted schemas; there are none without a body', () => {
    const body = z
      .strictObject({ graceSeconds: z.int().default(0) })
      .refine(() => true)
      .prefault({});
    expect(auditFieldsOf(body).byValue).toEqual(['graceSeconds']);
    expect(auditFieldsOf(undefined)).toEqual({ byValue: [], byPresence: [] });
  });

  it('are read from the decorator of the body', () => {
    const write = (): void => undefined;
    const prototype = { write };
    const descriptor = { value: write };
    Body({ schema: z.strictObject({ taskId: z.int() }) })(prototype, 'write', 0);
    AuditBody()(prototype, 'write', descriptor);
    expect(Reflect.getMetadata(auditFieldsMetadata, write)).toEqual({ byValue: ['taskId'], byPresence: [] });
  });
});
