import { type Fault, faultCodes, type VendorResponse } from '@b24/portal';
import { z } from 'zod';
import { vendorCatalog } from '../line/vendor-catalog';

/** A problem as defined by RFC 9457, with additional members. */
export const problemSchema = z
  .object({
    type: z
      .string()
      .meta({ description: 'A URN that identifies the code.', examples: ['urn:b24-gateway:problem:queue_full'] }),
    title: z.string().describe('The kind of problem, in a few words.'),
    status: z.int().describe('The HTTP status.'),
    detail: z.string().meta({ description: 'What happened and what to do, in one sentence.' }),
    code: z.enum(faultCodes as [string, ...string[]]).meta({ description: 'Stable: switch on this.' }),
    requestId: z.string().describe('The `X-Request-Id` of the request; search the log for it.'),
    retryable: z.boolean().meta({ description: 'Whether the same call may be sent again unchanged.' }),
    errors: z
      .array(
        z.object({
          path: z.string().describe('The field or parameter, for example `commands.0.method`.'),
          message: z.string().describe('What is wrong with it.'),
        }),
      )
      .optional()
      .meta({ description: 'What is wrong with the request, field by field.' }),
    upstream: z
      .object({
        method: z.string().describe('The method of Bitrix24.'),
        status: z.int().describe('The HTTP status from the portal.'),
        error: z.string().describe('The error code from the portal.'),
        description: z.string().describe('The error text from the portal.'),
        page: z.url().optional().meta({ description: 'The vendor’s page about the method, if it documents the code.' }),
        validation: z
          .array(
            z.object({
              field: z.string().describe('The field of the request.'),
              message: z.string().describe('What is wrong with it.'),
            }),
          )
          .optional()
          .meta({ description: 'From version 3 of the API: what is wrong with the request, field by field.' }),
      })
      .optional()
      .meta({ description: 'The error as the portal reported it; absent when it reported none.' }),
    suggestions: z
      .array(z.string())
      .optional()
      .meta({ description: 'Methods that a misspelt name may stand for, the most similar first.' }),
    authorizeUrl: z
      .string()
      .optional()
      .meta({ description: 'Where an administrator of the portal grants access again.' }),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

export function problemOf(fault: Fault, requestId: string, effect: 'read' | 'write'): Problem {
  const { code, title, status, message, errors, upstream, suggestions, authorizeUrl } = fault;
  return {
    type: `urn:b24-gateway:problem:${code}`,
    title,
    status,
    detail: message,
    code,
    requestId,
    retryable: fault.retryable(effect),
    ...(errors && { errors: [...errors] }),
    ...(upstream && {
      upstream: {
        method: upstream.method,
        status: upstream.status,
        error: upstream.error,
        description: upstream.description,
        ...documentedAt(upstream),
        ...(upstream.validation && { validation: [...upstream.validation] }),
      },
    }),
    ...(suggestions && { suggestions: [...suggestions] }),
    ...(authorizeUrl && { authorizeUrl }),
  };
}

/** Returns the vendor's page that says what a code of a method means; nothing for a code that it does not document. */
function documentedAt({ method, error }: Pick<VendorResponse, 'method' | 'error'>): { readonly page?: string } {
  const { errors = {}, page } = vendorCatalog.find(method) ?? {};
  const isDocumented = Object.values(errors).some((codes) => codes.includes(error));
  return isDocumented && page !== undefined ? { page } : {};
}
