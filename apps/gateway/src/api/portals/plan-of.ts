import type { PortalRecord, Tariff } from '@b24/grants';
import type { Plan } from '@b24/queue';

/** The larger bucket of Enterprise plans (docs/bitrix24-rules.md#limits). */
const enterprise: Plan = { burst: 250, drainPerSecond: 5 };

export interface PortalPlan extends Plan {
  readonly from: 'operator' | 'licence' | 'default';
}

/** Returns the portal's plan: set by the operator, by its licence, or the default. */
export function planOf({ limits, tariff }: Pick<PortalRecord, 'limits' | 'tariff'>, defaultPlan: Plan): PortalPlan {
  if (limits) return { ...limits, from: 'operator' };
  if (tariff && isEnterprise(tariff)) return { ...enterprise, from: 'licence' };
  return { ...defaultPlan, from: 'default' };
}

/**
 * Returns the plan's family. A licence is a region and a plan, `de_ent250`; the family is the plan without the number
 * of users.
 */
function isEnterprise({ licence, family }: Tariff): boolean {
  return family?.toLowerCase() === 'ent' || /^(?:[a-z]{2,3}_)?ent\d*$/i.test(licence);
}
