import { Fault, type Result } from '@b24/portal';
import { z } from 'zod';

const truth = z.literal(true);

const controllersOwn = z.object({ status: z.literal('success'), data: z.unknown() });

/**
 * Returns the value that the method returned: the `result` of the answer, or the `data` of the envelope that some
 * controllers of the vendor return, `{"status":"success","data":…,"errors":[]}`. @throws Fault portal_error
 */
export function returnedValue({ value, whole }: Result): unknown {
  return whole ? parseAnswer(controllersOwn, value).data : value;
}

/** Parses the portal's result with the documented schema. @throws Fault portal_error */
export function parseAnswer<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault('portal_error', {
    detail: 'The portal executed the call, but its answer does not have the documented shape.',
  });
}

/** Expects `true`. A `false` with status 200 is a refusal without a reason. @throws Fault rejected_by_portal, portal_error */
export function expectTrue(value: unknown, _input: unknown, method: string): void {
  if (value === false) {
    throw new Fault('rejected_by_portal', {
      detail: 'The portal answered `false`: it refused the call without a reason.',
      upstream: { method, status: 200, error: '', description: 'false' },
    });
  }
  parseAnswer(truth, value);
}
