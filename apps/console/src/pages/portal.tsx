import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api';
import type { Portal, PortalNow, Snapshot } from '../api-types';
import { type Link as LiveLink, useLive } from '../live';
import { CopyButton, Loading, ProblemBox, StatusChip } from '../parts/pieces';
import { PortalActions } from '../parts/portal-actions';
import { PortalCharts } from '../parts/portal-charts';
import { PortalEvents } from '../parts/portal-events';
import { PortalFacts, PortalLimits } from '../parts/portal-facts';
import { PortalHistory } from '../parts/portal-history';
import { Problems } from '../parts/problems';
import { useMay } from '../may';
import { Link } from '../router';
import { useRequest } from '../use-request';
import { count, dateTime, milliseconds, statusWords, when } from '../words';
import { LiveDot } from './portals';

export function PortalPage({ name }: { name: string }) {
  const loaded = useRequest(
    (signal) => call<Portal>('GET', `/v1/portals/${encodeURIComponent(name)}`, undefined, signal),
    [name],
  );
  // Heard last: when the page opened, with the figures of a second, or in answer to a change made here.
  const [portal, setPortal] = useState<Portal>();
  const { snapshot, link } = useLive(`?portal=${encodeURIComponent(name)}`);
  const history = useHistory(snapshot);
  useEffect(() => {
    if (loaded.data) setPortal(loaded.data);
  }, [loaded.data]);
  useEffect(() => {
    if (snapshot?.close) setPortal(snapshot.close.portal);
  }, [snapshot]);
  if (loaded.problem && !portal) return <ProblemBox problem={loaded.problem} reload={loaded.reload} />;
  if (!portal) return <Loading what="Loading the portal …" />;
  return <Opened portal={portal} snapshot={snapshot} link={link} history={history} changed={setPortal} />;
}

interface OpenedProps {
  readonly portal: Portal;
  readonly snapshot: Snapshot | undefined;
  readonly link: LiveLink;
  readonly history: readonly Snapshot[];
  readonly changed: (portal: Portal) => void;
}

function Opened({ portal, snapshot, link, history, changed }: OpenedProps) {
  const now = snapshot?.portals[portal.memberId];
  const may = useMay();
  return (
    <>
      <nav class="crumbs" aria-label="Where you are">
        <Link to="/">Portals</Link> <span aria-hidden="true">/</span>{' '}
        <span aria-current="page">{portal.alias ?? portal.domain}</span>
      </nav>
      <div class="title">
        <h1>{portal.alias ?? portal.domain}</h1>
        <StatusChip status={portal.status} isKnown={link === 'live' || link === 'connecting'} />
        <LiveDot link={link} snapshot={snapshot} />
        {may('callMethod') && (
          <Link to={`/try/${portal.memberId}`} class="button">
            Try a call
          </Link>
        )}
      </div>
      {portal.alias && <p class="soft under">{portal.domain}</p>}
      <PortalIssue portal={portal} />
      <Down portal={portal} now={now} />
      <AtLimit snapshot={snapshot} now={now} />
      <div class="columns">
        <Problems groups={snapshot?.close?.problems} />
        <Operating close={snapshot?.close} />
      </div>
      <PortalHistory portal={portal.memberId} drainPerSecond={portal.limits.drainPerSecond} />
      <h2>Right now</h2>
      <PortalCharts history={history} snapshot={snapshot} portal={portal.memberId} />
      <div class="columns">
        <div>
          <PortalFacts portal={portal} />
          <PortalEvents portal={portal} />
        </div>
        <div>
          <PortalLimits portal={portal} changed={changed} />
          <PortalActions portal={portal} changed={changed} />
        </div>
      </div>
      <Basis now={now} replicas={snapshot?.replicas.length ?? 0} />
    </>
  );
}

function Down({ portal, now }: { portal: Portal; now: PortalNow | undefined }) {
  if (now?.circuit !== 'open' || portal.status !== 'active') return null;
  return (
    <div class="box bad" role="alert">
      <h2>The portal does not answer</h2>
      <p>Calls are told so at once and are not sent. The gateway tries again by itself, at most a minute apart.</p>
    </div>
  );
}

/** Why calls are slow although the portal works. */
function AtLimit({ snapshot, now }: { snapshot: Snapshot | undefined; now: PortalNow | undefined }) {
  const level = snapshot?.close?.level;
  if (!level || !now || level.left >= 1 || now.waiting === 0) return null;
  return (
    <div class="box warn" role="status">
      <h2>The portal is at its limit</h2>
      <p>
        {now.waiting === 1 ? '1 call waits' : `${now.waiting} calls wait`} for one of {level.drainPerSecond} requests a
        second. Who uses it is below.
      </p>
    </div>
  );
}

function Basis({ now, replicas }: { now: PortalNow | undefined; replicas: number }) {
  const medianMs = now?.calls?.medianMs;
  return (
    <p class="soft small">
      {medianMs !== undefined && `Half of the calls of the last second took ${milliseconds(medianMs)} or less. `}
      {replicas > 0 && `Figures are summed over ${count(replicas, 'replica')}. `}
      The charts of now begin when this page is opened.
    </p>
  );
}

/** The last two minutes, second by second. */
function useHistory(snapshot: Snapshot | undefined): readonly Snapshot[] {
  const shown = useRef<readonly Snapshot[]>([]);
  if (snapshot && shown.current.at(-1) !== snapshot) shown.current = [...shown.current, snapshot].slice(-130);
  return shown.current;
}

function PortalIssue({ portal }: { portal: Portal }) {
  const { status, why, since, domain } = portal;
  if (status === 'active') return null;
  const { advice, tone, mendable } = statusWords[status];
  const link = `${location.origin}/install?portal=${encodeURIComponent(domain)}`;
  return (
    <section class={`box ${tone}`} aria-label="Problem">
      <h2>{advice}</h2>
      {why && <p>{why}</p>}
      {since && (
        <p class="soft small" title={dateTime(since)}>
          Since {when(since)}.
        </p>
      )}
      {mendable && (
        <p class="actions">
          <a class="button main" href={link} target="_blank" rel="noopener noreferrer">
            Authorize again
          </a>
          <CopyButton text={link} label="Copy the link for the portal’s administrator" />
        </p>
      )}
    </section>
  );
}

function Operating({ close }: { close: Snapshot['close'] }) {
  const { slowSeconds = 300, heldSeconds = 400, blockedSeconds = 480 } = close?.operatingLimits ?? {};
  return (
    <section class="card">
      <h2>Running time by method</h2>
      <p class="soft small">
        Bitrix24 blocks a method that ran {blockedSeconds} s within ten minutes. From {slowSeconds} s on its calls go
        one by one, and at {heldSeconds} s they wait for a reset, so that it never comes to that.
      </p>
      {!close?.operating && <p class="soft">Not known yet.</p>}
      {close?.operating?.length === 0 && <p class="soft">No method has run noticeably in the last ten minutes.</p>}
      <ul class="bars">
        {close?.operating?.map(({ method, usedSeconds, resetAtMs }) => (
          <li key={method}>
            <span class="method">{method}</span>
            <span class="number">{usedSeconds.toFixed(usedSeconds < 10 ? 1 : 0)} s</span>
            <Meter method={method} used={usedSeconds} limits={{ slowSeconds, heldSeconds, blockedSeconds }} />
            {usedSeconds >= heldSeconds && resetAtMs !== undefined && (
              <span class="small bad-text">held; goes on {when(resetAtMs)}</span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface MeterProps {
  readonly method: string;
  readonly used: number;
  readonly limits: NonNullable<Snapshot['close']>['operatingLimits'];
}

/** How much of its time a method has used, with marks where the gateway slows and holds it. */
function Meter({ method, used, limits: { slowSeconds, heldSeconds, blockedSeconds } }: MeterProps) {
  const share = (seconds: number) => `${Math.min(100, (seconds / blockedSeconds) * 100)}%`;
  const tone = used >= heldSeconds ? 'bad' : used >= slowSeconds ? 'warn' : '';
  return (
    <div
      class={`meter ${tone}`}
      role="meter"
      aria-label={`${method}, seconds of ${blockedSeconds}`}
      aria-valuenow={Math.round(used)}
      aria-valuemin={0}
      aria-valuemax={blockedSeconds}
    >
      <span style={{ width: share(used) }} />
      <i style={{ left: share(slowSeconds) }} />
      <i style={{ left: share(heldSeconds) }} />
    </div>
  );
}
