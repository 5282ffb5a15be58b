import { defaultApp } from '@b24/grants';

/** The addresses in an app's card in Bitrix24, and the page where a person connects a portal. */
export interface AppAddresses {
  readonly install: string;
  readonly handler: string;
  readonly installation: string;
  readonly events: string;
}

/** Returns the addresses of an app. Those of the default app do not contain its id. */
export function appAddresses(publicUrl: string, app: string): AppAddresses {
  const at = (path: string) => `${publicUrl}${path}${tailOf(app)}`;
  return {
    install: at('/install'),
    handler: at('/oauth/callback'),
    installation: at('/bitrix24/install'),
    events: at('/bitrix24/events'),
  };
}

/** Returns the install path of the app whose page has this URL. */
export function installPath(url: string): string {
  const app = /^\/(?:install|oauth\/callback|bitrix24\/install)\/(a_[0-9a-f]{16})(?:\?|$)/.exec(url)?.[1];
  return `/install${tailOf(app ?? defaultApp)}`;
}

function tailOf(app: string): string {
  return app === defaultApp ? '' : `/${app}`;
}
