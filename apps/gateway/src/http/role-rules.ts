import { type Person, type PersonRole, personRoles } from '@b24/access';
import { Fault } from '@b24/portal';

/** The least role for an operation. */
interface RoleRule {
  readonly role: PersonRole;
  /** Fields of the body that need no higher role; with another one, the operation needs `admin`. */
  readonly fields?: readonly string[];
}

const byRole: Readonly<Record<PersonRole, readonly string[]>> = {
  viewer: [
    ...['listPortals', 'getPortal', 'listApps', 'getApp', 'listJobs', 'getJob', 'listClients', 'listAudit'],
    ...['listSubscriptions', 'getSubscription', 'listSessions', 'endSession', 'endSessions'],
    ...['listJobItems', 'listCalls', 'tailCalls', 'getHistory', 'getUsage', 'listDeliveries', 'getEventBindings'],
  ],
  operator: [
    'updatePortal',
    'cancelJob',
    'retryJob',
    'testSubscription',
    'listDeadLetters',
    'replayDeadLetters',
    'replayDeadLetter',
  ],
  admin: [
    ...['addPortalByWebhook', 'forgetPortal', 'registerApp', 'updateApp', 'deleteApp'],
    ...['createClient', 'updateClient', 'rotateClientKey', 'deleteClient'],
    ...['listAssistants', 'endAssistant'],
    ...['createSubscription', 'updateSubscription', 'deleteSubscription', 'rotateSubscriptionSecret'],
    // What portals hold is their users' data, which the console shows in "Try it" only.
    ...['callMethod', 'callVersionThree', 'runBatch', 'streamList', 'fanOut', 'getJobResults', 'getBoard'],
  ],
};
const fieldsOf: Readonly<Record<string, readonly string[]>> = { updatePortal: ['suspended', 'tags', 'limits'] };

/** The rules of operations, by operationId. Declared methods have none. */
const roleRules: ReadonlyMap<string, RoleRule> = new Map<string, RoleRule>(
  personRoles.flatMap((role) => byRole[role].map((id) => [id, { role, ...fieldLimit(id) }] as const)),
);

function fieldLimit(id: string): Pick<RoleRule, 'fields'> {
  const fields = fieldsOf[id];
  return fields ? { fields } : {};
}

/** Whether a rule names the operation. */
export function hasRoleRule(action: string): boolean {
  return roleRules.has(action);
}

/** Returns the least role for an operation: without a rule, `admin`. */
function leastRole(action: string, body?: unknown): PersonRole {
  const { role, fields } = roleRules.get(action) ?? { role: 'admin' };
  if (!fields || typeof body !== 'object' || body === null) return role;
  return Object.keys(body).every((name) => fields.includes(name)) ? role : 'admin';
}

/** @throws Fault not_allowed for a person whose role may not run the operation */
export function checkRole({ role }: Person, action: string, body: unknown): void {
  const least = leastRole(action, body);
  if (includesRole(role, least)) return;
  throw new Fault('not_allowed', { detail: `Your role ${role} may not do this: it needs the role ${least}.` });
}

/** Returns the operations that a role may run, of those with a rule. */
export function operationsOf(role: PersonRole): string[] {
  return [...roleRules].filter(([, rule]) => includesRole(role, rule.role)).map(([id]) => id);
}

function includesRole(role: PersonRole, least: PersonRole): boolean {
  return personRoles.indexOf(role) >= personRoles.indexOf(least);
}
