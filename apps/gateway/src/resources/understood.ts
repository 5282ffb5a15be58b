import { Fault } from '@b24/portal';
import { z } from 'zod';

const truth = z.literal(true);

/** The portal's answer, of the documented shape. @throws Fault portal_error */
export function understood<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault('portal_error', {
    detail: 'The portal carried the call out but its answer is not of the documented shape.',
  });
}

/** `true`, of methods whose `false` under 200 is a refusal without words. @throws Fault rejected_by_portal, portal_error */
export function taken(value: unknown, _input: unknown, method: string): void {
  if (value === false) {
    throw new Fault('rejected_by_portal', {
      detail: 'The portal answered `false`: it refused, without a word why.',
      upstream: { method, status: 200, error: '', description: 'false' },
    });
  }
  understood(truth, value);
}
