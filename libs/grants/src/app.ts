import type { Secret } from '@b24/portal';

/** Id of the app that the environment configures. */
export const defaultApp = 'default';

/** An app registered in Bitrix24. A local app serves one portal, so a gateway may have many apps. */
export interface App {
  /** `default`, or `a_` and 16 hexadecimal digits derived from the client id. */
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** The previous secret, tried while the authorization server rejects the new one. */
  readonly previousSecret?: Secret;
  /** Scopes that the app requests on its portals. */
  readonly scope: readonly string[];
  /** Unix milliseconds; absent for the app of the settings. */
  readonly registeredAtMs?: number;
  readonly secretSetAtMs?: number;
}

/** Whether the text has the form of an app id. */
export function isAppId(text: string): boolean {
  return text === defaultApp || /^a_[0-9a-f]{16}$/.test(text);
}
