import { toText } from '../bind-parameter';
import type { MethodContext, MethodTable } from '../method-context';
import { VendorRefusal } from '../vendor-refusal';

/** Methods of the portal itself: about the app, the user, events. */
export const portalMethods: MethodTable = {
  scope: { scope: '', run: ({ caller }) => [...caller.scopes] },
  profile: { scope: '', run: profile },
  'app.info': { scope: '', onlyApps: true, run: appInfo },
  events: { scope: '', onlyApps: true, run: ({ params, caller }) => listedEvents(params, caller.scopes) },
  'event.bind': { scope: '', onlyApps: true, writes: true, run: bindEvent },
  'event.unbind': { scope: '', onlyApps: true, writes: true, run: unbindEvent },
  'event.get': { scope: '', onlyApps: true, run: ({ portal }) => portal.boundEvents.map(shownEvent) },
};

/** Some of each scope, as the vendor's list of events has them; without a scope the app's own and those of any app. */
const eventsOfScopes: Readonly<Record<string, readonly string[]>> = {
  '': ['ONAPPUNINSTALL', 'ONAPPINSTALL', 'ONAPPUPDATE', 'ONAPPPAYMENT', 'ONAPPTEST', 'ONAPPMETHODCONFIRM'],
  user: ['ONUSERADD'],
  crm: ['ONCRMLEADADD', 'ONCRMLEADUPDATE', 'ONCRMLEADDELETE', 'ONCRMDEALADD', 'ONCRMDEALUPDATE', 'ONCRMDEALDELETE'],
  task: ['ONTASKADD', 'ONTASKUPDATE', 'ONTASKDELETE', 'ONTASKCOMMENTADD', 'ONTASKCOMMENTUPDATE', 'ONTASKCOMMENTDELETE'],
};

/** `SCOPE` names one permission; `FULL` lists every event there is. */
function listedEvents(params: MethodContext['params'], scopes: readonly string[]): string[] {
  const scope = toText(params['SCOPE']);
  if (scope !== '') return [...(eventsOfScopes[scope] ?? [])];
  const full = ['1', 'true', 'Y'].includes(toText(params['FULL']));
  return (full ? Object.keys(eventsOfScopes) : ['', ...scopes]).flatMap((it) => eventsOfScopes[it] ?? []);
}

/** Events of a scope that the app lacks can't be bound, nor those that there are none of. */
function mayBind(event: string, scopes: readonly string[]): boolean {
  return listedEvents({}, scopes).includes(event);
}

function profile({ portal, caller }: MethodContext): unknown {
  return {
    ID: String(caller.userId),
    ADMIN: portal.administrators.has(caller.userId),
    NAME: 'User',
    LAST_NAME: String(caller.userId),
    PERSONAL_GENDER: '',
    TIME_ZONE: '',
  };
}

/**
 * Not the authorization server's `app.info`; an Enterprise licence means the larger rate limit
 * (docs/bitrix24-rules.md#install).
 */
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
  if (!mayBind(event, context.caller.scopes)) throw new VendorRefusal('EVENT_NOT_FOUND', 'Event not found', 400);
  if (boundEvents.some((bound) => bound.event === event && bound.handler === handler)) {
    throw new VendorRefusal('ERROR_CORE', 'Unable to set event handler: Handler already binded', 400);
  }
  if (!/^https?:\/\//.test(handler)) throw new VendorRefusal('ERROR_CORE', 'Wrong handler URL', 400);
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
