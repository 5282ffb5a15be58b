import { defaultApp } from '@b24/grants';

/** What an app's card in Bitrix24 names, and where a person connects a portal. */
export interface AppAddresses {
  readonly install: string;
  readonly handler: string;
  readonly installation: string;
  readonly events: string;
}

/** The default app's addresses name no app. */
export function appAddresses(publicUrl: string, app: string): AppAddresses {
  const at = (path: string) => `${publicUrl}${path}${tailOf(app)}`;
  return {
    install: at('/install'),
    handler: at('/oauth/callback'),
    installation: at('/bitrix24/install'),
    events: at('/bitrix24/events'),
  };
}

/** Where whoever opened this page of an app's begins anew. */
export function installPath(url: string): string {
  const app = /^\/(?:install|oauth\/callback|bitrix24\/install)\/(a_[0-9a-f]{16})(?:\?|$)/.exec(url)?.[1];
  return `/install${tailOf(app ?? defaultApp)}`;
}

function tailOf(app: string): string {
  return app === defaultApp ? '' : `/${app}`;
}
