import { Fault, type Result } from '@b24/portal';
import { z } from 'zod';

const truth = z.literal(true);

const controllersOwn = z.object({ status: z.literal('success'), data: z.unknown() });

/**
 * What the method returned: the `result` of the portal's answer, or the `data` of the answer that some of the vendor's
 * controllers give instead, `{"status":"success","data":…,"errors":[]}`. @throws Fault portal_error
 */
export function returnedValue({ value, whole }: Result): unknown {
  return whole ? parseAnswer(controllersOwn, value).data : value;
}

/** The portal's answer, of the documented shape. @throws Fault portal_error */
export function parseAnswer<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Fault('portal_error', {
    detail: 'The portal carried the call out but its answer is not of the documented shape.',
  });
}

/** `true`, of methods whose `false` under 200 is a refusal without words. @throws Fault rejected_by_portal, portal_error */
export function expectTrue(value: unknown, _input: unknown, method: string): void {
  if (value === false) {
    throw new Fault('rejected_by_portal', {
      detail: 'The portal answered `false`: it refused, without a word why.',
      upstream: { method, status: 200, error: '', description: 'false' },
    });
  }
  parseAnswer(truth, value);
}
