import type { Clock } from '@b24/portal';
import type { Egress } from '@b24/upstream';
import type { OidcSettings } from '../../oidc-settings';
import type { IdentityProvider } from './identity-provider';
import { providerFetch } from './provider-fetch';

interface ProviderDependencies {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly publicUrl: string;
}

/** Loads the client of OpenID Connect only where people sign in through a provider. */
export function providerOf(
  settings: OidcSettings,
  { clock, egress, publicUrl }: ProviderDependencies,
): IdentityProvider {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only when it is wanted
  const { IdentityProvider } = require('./identity-provider') as typeof import('./identity-provider');
  return new IdentityProvider({
    settings,
    wire: providerFetch({ issuer: settings.issuer, clock, egress }),
    now: () => clock.now(),
    callbackUrl: `${publicUrl}/console/sign-in/callback`,
  });
}
