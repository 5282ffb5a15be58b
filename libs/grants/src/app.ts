import type { Secret } from '@b24/portal';

/** The id of the app that the settings name. */
export const defaultApp = 'default';

/** A registration in Bitrix24. A local app is good for one portal, so a gateway may have any number of them. */
export interface App {
  /** `default`, or `a_` and 16 hexadecimal digits that follow from the client id. */
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** The secret before, tried while the authorization server does not take the new one. */
  readonly previousSecret?: Secret;
  /** What the app is meant to be allowed on its portals. */
  readonly scope: readonly string[];
  /** Of the settings' app nobody knows when it came. */
  readonly registeredAtMs?: number;
  readonly secretSetAtMs?: number;
}

/** The app that an address names, where it names one at all. */
export function isAppId(text: string): boolean {
  return text === defaultApp || /^a_[0-9a-f]{16}$/.test(text);
}
