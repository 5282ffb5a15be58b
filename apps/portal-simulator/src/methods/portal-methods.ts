import { toText } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import { VendorRefusal } from '../vendor-refusal';

/** Methods of the portal itself: about the app, the user, events. */
export const portalMethods: MethodTable = {
  scope: { scope: '', run: ({ caller }) => [...caller.scopes] },
  profile: { scope: '', run: profile },
  'app.info': { scope: '', onlyApps: true, run: appInfo },
  'event.bind': { scope: '', onlyApps: true, writes: true, run: bindEvent },
  'event.unbind': { scope: '', onlyApps: true, writes: true, run: unbindEvent },
  'event.get': { scope: '', onlyApps: true, run: ({ portal }) => portal.boundEvents.map(shownEvent) },
};

function profile({ caller }: MethodContext): unknown {
  return {
    ID: String(caller.userId),
    ADMIN: caller.userId === 1,
    NAME: 'User',
    LAST_NAME: String(caller.userId),
    PERSONAL_GENDER: '',
    TIME_ZONE: '',
  };
}

/** Not the authorization server's `app.info`; an Enterprise licence means the larger rate limit (section 2). */
function appInfo({ portal, caller }: MethodContext): unknown {
  return {
    ID: 1,
    CODE: caller.clientId,
    VERSION: 1,
    STATUS: portal.status,
    INSTALLED: true,
    PAYMENT_EXPIRED: 'N',
    DAYS: null,
    LANGUAGE_ID: 'en',
    LICENSE: portal.licence,
    LICENSE_TYPE: portal.licence.replace(/^[a-z]{2}_/, ''),
    LICENSE_FAMILY: /_ent\d*$/.test(portal.licence) ? 'ent' : portal.licence.replace(/^[a-z]{2}_/, ''),
  };
}

function bindEvent(context: MethodContext): boolean {
  const { event, handler } = eventOf(context);
  const { boundEvents } = context.portal;
  if (boundEvents.some((bound) => bound.event === event && bound.handler === handler)) {
    throw new VendorRefusal('ERROR_CORE', 'Unable to set event handler: Handler already binded', 400);
  }
  boundEvents.push({ event, handler });
  return true;
}

function unbindEvent(context: MethodContext): unknown {
  const { event, handler } = eventOf(context);
  const { boundEvents } = context.portal;
  const index = boundEvents.findIndex((bound) => bound.event === event && bound.handler === handler);
  if (index >= 0) boundEvents.splice(index, 1);
  return { count: index >= 0 ? 1 : 0 };
}

function eventOf({ params }: MethodContext): { event: string; handler: string } {
  const event = toText(params['event']).toUpperCase();
  const handler = toText(params['handler']);
  if (event === '') throw new VendorRefusal('ERROR_ARGUMENT', "Argument 'EVENT' is null or empty", 400);
  if (handler === '') throw new VendorRefusal('ERROR_ARGUMENT', "Argument 'HANDLER' is null or empty", 400);
  return { event, handler };
}

function shownEvent({ event, handler }: { event: string; handler: string }): unknown {
  return { event, handler, auth_type: '0', offline: 0 };
}
