import { type Fault, faultCodes } from '@b24/portal';
import { z } from 'zod';

/** RFC 9457, with our members. */
export const problemSchema = z
  .object({
    type: z
      .string()
      .meta({ description: 'A URN that names the kind of problem.', examples: ['urn:b24-gateway:problem:queue_full'] }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened and what to do, in one sentence.' }),
    code: z.enum(faultCodes as [string, ...string[]]).meta({ description: 'Stable; switch on this.' }),
    requestId: z.string(),
    retryable: z.boolean().meta({ description: 'The same call may be made again as it is.' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'What is wrong with the request, place by place.' }),
    upstream: z
      .object({ method: z.string(), status: z.int(), error: z.string(), description: z.string() })
      .optional()
      .meta({ description: "The portal's own words, where it spoke." }),
    authorizeUrl: z.string().optional().meta({ description: 'Where an administrator of the portal mends it.' }),
  })
  .meta({ id: 'Problem' });

export type Problem = z.infer<typeof problemSchema>;

export function problemOf(fault: Fault, requestId: string, effect: 'read' | 'write'): Problem {
  const { code, title, status, message, errors, upstream, authorizeUrl } = fault;
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
      },
    }),
    ...(authorizeUrl && { authorizeUrl }),
  };
}
