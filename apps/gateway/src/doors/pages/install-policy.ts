import type { InstallPolicy } from '@b24/grants';

/**
 * Returns who may install an app that INSTALLS does not name. A local app works on one portal only. Any portal may
 * install a mass-market app, so an operator admits each.
 */
export function policyOfApp(clientId: string): InstallPolicy {
  return clientId.startsWith('local.') ? 'open' : 'approve';
}
