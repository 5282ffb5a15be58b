import { defaultApp, type PortalRecord } from '@b24/grants';
import type { PortalLedger, QueueState } from '@b24/queue';
import { appAddresses } from '../../api/apps/app-addresses';
import { detailsOf, type PortalDetails, viewOf } from '../../api/portals/portal-view';
import type { ToolDependencies } from './tool';

const advice: Readonly<Record<PortalDetails['status'], string>> = {
  active: 'Calls pass.',
  waiting: 'Calls are rejected until an administrator of the gateway admits the portal.',
  suspended: 'Calls are rejected until somebody resumes the portal in the gateway.',
  reauthorization_required: 'An administrator of the portal must authorize it again.',
  payment_required: 'The portal has no paid plan: its owner must pay Bitrix24.',
  uninstalled: 'The app was removed from the portal: an administrator of the portal must install it again.',
  deleted: 'Bitrix24 has no such portal any more.',
  unreachable: 'The portal does not answer; the gateway tries again with the next call.',
  authorization_server_error: 'The authorization server of Bitrix24 fails; the gateway tries again with the next call.',
};
const needLink: ReadonlySet<PortalDetails['status']> = new Set(['reauthorization_required', 'uninstalled']);

/** Explains whether a portal can be called. `queue` and `operating` are those of this replica. */
export function explainStatus(
  record: PortalRecord,
  state: QueueState,
  methods: ReturnType<PortalLedger['view']>,
  { plan, publicUrl }: ToolDependencies['settings'],
): object {
  const view = detailsOf(viewOf(record, { defaultPlan: plan }), state, methods);
  const { memberId, alias, domain, kind, status, since, why, limits, queue, operating } = view;
  return {
    ...{ memberId, alias, domain, status },
    isCallable: status === 'active',
    ...{ since, why },
    advice: adviceOf(view),
    ...(needLink.has(status) && kind === 'app' && { authorizeUrl: installLink(publicUrl, view) }),
    ...{ permissions: view.scope, limits, queue, operating },
  };
}

function adviceOf({ status, queue }: PortalDetails): string {
  if (status !== 'active') return advice[status];
  if (queue.circuit === 'open') return 'The portal keeps failing, so this replica rejects calls for some seconds.';
  return queue.waiting > 0 ? `Calls pass; ${queue.waiting} wait for the rate limit of the portal.` : advice.active;
}

function installLink(publicUrl: string, { app = defaultApp, domain }: PortalDetails): string {
  return `${appAddresses(publicUrl, app).install}?portal=${encodeURIComponent(domain)}`;
}
