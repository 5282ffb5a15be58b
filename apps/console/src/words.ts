import type { Status } from './api-types';

export type Tone = 'good' | 'warn' | 'bad' | 'off';

interface StatusWords {
  readonly label: string;
  readonly tone: Tone;
  /** What it means and what to do. */
  readonly advice: string;
  /** A new authorization mends it. */
  readonly mendable?: true;
}

export const statusWords: Readonly<Record<Status, StatusWords>> = {
  active: { label: 'Working', tone: 'good', advice: 'Calls pass.' },
  waiting: {
    label: 'Waits for you',
    tone: 'warn',
    advice: 'The portal is new here. Admit it if you know whose it is: no call passes before.',
  },
  suspended: {
    label: 'Suspended',
    tone: 'off',
    advice: 'Somebody here stopped calls to this portal. Resume it to let them pass.',
  },
  reauthorization_required: {
    label: 'Needs permission',
    tone: 'bad',
    advice: 'The portal no longer accepts this gateway. An administrator of the portal must allow the app again.',
    mendable: true,
  },
  payment_required: {
    label: 'Plan expired',
    tone: 'bad',
    advice: 'The portal’s Bitrix24 plan does not allow calls. Its owner must renew or extend it.',
  },
  uninstalled: {
    label: 'App removed',
    tone: 'bad',
    advice: 'Somebody removed the app from the portal. Connect it again, or forget the portal.',
    mendable: true,
  },
  deleted: { label: 'Deleted', tone: 'bad', advice: 'Bitrix24 says the portal no longer exists. You can forget it.' },
  unreachable: {
    label: 'Not answering',
    tone: 'bad',
    advice: 'The portal does not answer. The gateway tries again by itself and goes on as soon as it does.',
  },
  authorization_server_error: {
    label: 'Sign-in failing',
    tone: 'warn',
    advice: 'Bitrix24’s sign-in service fails just now. The gateway tries again by itself.',
  },
};

export const troubled = (status: Status): boolean =>
  statusWords[status].tone === 'bad' || statusWords[status].tone === 'warn';

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** “3 minutes”, of a length of time. */
export function span(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  for (const [unit, size] of units) {
    if (seconds >= size) {
      // A key made for 30 days has them all still a moment later.
      const n = unit === 'day' ? Math.round(seconds / size) : Math.floor(seconds / size);
      return `${n} ${unit}${n === 1 ? '' : 's'}`;
    }
  }
  return seconds < 10 ? 'a moment' : `${seconds} seconds`;
}

/** “3 minutes ago”, “in 2 days”. */
export function when(iso: string | number, now = Date.now()): string {
  const ms = new Date(iso).getTime() - now;
  return ms > 0 ? `in ${span(ms)}` : `${span(ms)} ago`;
}

export function dateTime(iso: string | number): string {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The time of day to the second, as “3:12:07 AM”. */
export function timeOfDay(iso: string | number): string {
  return new Date(iso).toLocaleTimeString(undefined, { timeStyle: 'medium' });
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

export function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return '–';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}

const knownActions: Readonly<Record<string, string>> = {
  signIn: 'Signed in',
  signOut: 'Signed out',
  endSession: 'Session ended',
  endSessions: 'Signed out everywhere',
  installPortal: 'Portal connected',
  uninstallPortal: 'App removed from the portal',
  addPortalByWebhook: 'Portal connected by webhook',
  updatePortal: 'Portal changed',
  forgetPortal: 'Portal forgotten',
  createClient: 'Key made',
  rotateClientKey: 'Key replaced',
  updateClient: 'Key edited',
  deleteClient: 'Key deleted',
  connectAssistant: 'Assistant connected',
  endAssistant: 'Assistant ended',
};

/** `addBacklog` → “Add backlog”. */
export function actionWords(action: string): string {
  const known = knownActions[action];
  if (known) return known;
  const words = action.replace(/([A-Z])/g, ' $1').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
