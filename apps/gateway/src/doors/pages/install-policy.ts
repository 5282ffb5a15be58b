import type { InstallPolicy } from '@b24/grants';

/**
 * Who may install an app where INSTALLS does not say it. A local app is good on one portal only; any portal of the world may
 * install a mass-market one, so that an operator looks at each.
 */
export function policyOfApp(clientId: string): InstallPolicy {
  return clientId.startsWith('local.') ? 'open' : 'approve';
}
