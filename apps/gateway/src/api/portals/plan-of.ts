import type { PortalRecord, Tariff } from '@b24/grants';
import type { Plan } from '@b24/queue';

/** The larger bucket of the vendor's Enterprise plans. */
const enterprise: Plan = { burst: 250, drainPerSecond: 5 };

export interface PortalPlan extends Plan {
  readonly from: 'operator' | 'licence' | 'default';
}

/** The portal's leaky bucket: as the operator set it, as its licence says, or as all others'. */
export function planOf({ limits, tariff }: Pick<PortalRecord, 'limits' | 'tariff'>, defaultPlan: Plan): PortalPlan {
  if (limits) return { ...limits, from: 'operator' };
  if (tariff && isEnterprise(tariff)) return { ...enterprise, from: 'licence' };
  return { ...defaultPlan, from: 'default' };
}

/** A licence is a region and a plan, `de_ent250`; a plan's family is its name without the number of users. */
function isEnterprise({ licence, family }: Tariff): boolean {
  return family?.toLowerCase() === 'ent' || /^(?:[a-z]{2,3}_)?ent\d*$/i.test(licence);
}
