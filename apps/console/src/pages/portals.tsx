import { useMemo, useState } from 'preact/hooks';
import { inOrder, useAllPortals } from '../all-portals';
import type { Portal, PortalNow, Snapshot, Status } from '../api-types';
import { type Link as LiveLink, useLive } from '../live';
import { AdmitButton } from '../parts/admit-button';
import { Chip, Empty, Loading, ProblemBox, StatusChip, Tile } from '../parts/pieces';
import { useMay } from '../may';
import { Link } from '../router';
import { type Sums, sumsOf } from '../sums';
import { count, dateTime, span, statusWords, troubled, when } from '../words';

/** Rows on a page: few enough that a thousand portals cost the browser no more than fifty. */
const pageSize = 50;
type StatusFilter = 'all' | 'unhealthy' | Status;

const lastPageOf = (total: number) => Math.max(0, Math.ceil(total / pageSize) - 1);

export function PortalsPage() {
  const { portals, loading, problem, reload } = useAllPortals();
  const [search, setSearch] = useState('');
  const [filter, setFilter] = useState<StatusFilter>('all');
  const [page, setPage] = useState(0);
  const found = useMemo(() => matching(portals ?? [], search, filter), [portals, search, filter]);
  // Portals may have gone since somebody turned to a later page.
  const at = Math.min(page, lastPageOf(found.length));
  const shown = found.slice(at * pageSize, (at + 1) * pageSize);
  const { snapshot, link } = useLive(`?portals=${shown.map(({ memberId }) => memberId).join(',')}`);
  const isKnown = !problem && link !== 'lost';
  const turnTo = (to: number) => {
    setPage(to);
    document.querySelector('main h1')?.scrollIntoView();
  };
  return (
    <>
      <div class="title">
        <h1>Portals</h1>
        <LiveDot link={link} snapshot={snapshot} />
        <ConnectLink />
      </div>
      <Summary
        portals={portals}
        loading={loading}
        isKnown={isKnown}
        all={sumsOf(snapshot, loading ? undefined : portals)}
        showUnhealthy={() => {
          setFilter('unhealthy');
          setPage(0);
        }}
      />
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {!portals && !problem && <Loading what="Loading the portals …" />}
      {portals?.length === 0 && !loading && <NoneYet />}
      {portals && portals.length > 0 && (
        <>
          <Filters
            search={search}
            filter={filter}
            set={(words, status) => {
              setSearch(words);
              setFilter(status);
              setPage(0);
            }}
          />
          <Found shown={shown} loading={loading} now={snapshot?.portals} isKnown={isKnown} reload={reload} />
          {found.length > pageSize && <Pager page={at} total={found.length} turnTo={turnTo} />}
        </>
      )}
    </>
  );
}

function ConnectLink() {
  if (!useMay()('addPortalByWebhook')) return null;
  return (
    <Link to="/connect" class="button main">
      Connect a portal
    </Link>
  );
}

function NoneYet() {
  return (
    <Empty title="No portal is connected yet">
      <p>Connect the first one: somebody who is an administrator there allows the app, and calls can begin.</p>
      <ConnectLink />
    </Empty>
  );
}

interface SummaryProps {
  readonly portals: readonly Portal[] | undefined;
  readonly loading: boolean;
  readonly isKnown: boolean;
  readonly all: Sums | undefined;
  readonly showUnhealthy: () => void;
}

function Summary({ portals, loading, isKnown, all, showUnhealthy }: SummaryProps) {
  const unhealthy = portals?.filter(({ status }) => troubled(status)).length ?? 0;
  return (
    <div class="tiles">
      <Tile label="Portals" value={figure(portals?.length)}>
        {loading && portals ? 'loading more …' : ''}
      </Tile>
      <Tile
        label="Need attention"
        value={figure(isKnown && portals && (unhealthy > 0 || !loading) ? unhealthy : undefined)}
        {...(isKnown && unhealthy > 0 && { tone: 'bad' as const })}
      >
        {unhealthy > 0 && (
          <button type="button" class="link" onClick={showUnhealthy}>
            Show them
          </button>
        )}
      </Tile>
      <Calls all={all} />
    </div>
  );
}

const figure = (n: number | undefined) => n?.toLocaleString() ?? '–';

function Calls({ all }: { all: Sums | undefined }) {
  const calls = all?.calls;
  return (
    <>
      <Tile label="Calls a second" value={figure(calls && calls.ok + calls.failed)}>
        {calls && calls.failed > 0 ? `${figure(calls.failed)} failed` : ''}
      </Tile>
      <Tile label="Calls waiting" value={figure(all?.waiting)}>
        {all && `${all.inFlight} under way`}
      </Tile>
    </>
  );
}

interface FiltersProps {
  readonly search: string;
  readonly filter: StatusFilter;
  readonly set: (search: string, filter: StatusFilter) => void;
}

function Filters({ search, filter, set }: FiltersProps) {
  return (
    <div class="filters" role="search">
      <input
        type="search"
        aria-label="Search portals"
        placeholder="Search by name, address or member id"
        value={search}
        onInput={(event) => {
          set(event.currentTarget.value, filter);
        }}
      />
      <select
        aria-label="Status"
        value={filter}
        onChange={(event) => {
          set(search, event.currentTarget.value as StatusFilter);
        }}
      >
        <option value="all">All statuses</option>
        <option value="unhealthy">Need attention</option>
        {(Object.keys(statusWords) as Status[]).map((status) => (
          <option key={status} value={status}>
            {statusWords[status].label}
          </option>
        ))}
      </select>
    </div>
  );
}

function matching(portals: readonly Portal[], search: string, filter: StatusFilter): Portal[] {
  const words = search.trim().toLowerCase();
  const fits = ({ status, domain, alias, memberId, formerDomains = [] }: Portal) =>
    (filter === 'all' || (filter === 'unhealthy' ? troubled(status) : status === filter)) &&
    [domain, alias ?? '', memberId, ...formerDomains].some((it) => it.includes(words));
  const found = inOrder(portals.filter(fits), ({ status }) => troubled(status));
  return [...found.filter(({ admitted }) => !admitted), ...found.filter(({ admitted }) => admitted)];
}

interface FoundProps {
  readonly shown: readonly Portal[];
  readonly loading: boolean;
  readonly now: Snapshot['portals'] | undefined;
  readonly isKnown: boolean;
  readonly reload: () => void;
}

function Found({ shown, loading, now = {}, isKnown, reload }: FoundProps) {
  if (shown.length > 0) return <PortalTable portals={shown} now={now} isKnown={isKnown} reload={reload} />;
  if (loading) return <Loading what="Loading more portals …" />;
  return (
    <Empty title="No portal is like that">
      <p>Search for less, or choose another status.</p>
    </Empty>
  );
}

interface PortalTableProps {
  readonly portals: readonly Portal[];
  readonly now: Readonly<Record<string, PortalNow>>;
  /** Whether their statuses are those of now. */
  readonly isKnown: boolean;
  readonly reload: () => void;
}

function PortalTable({ portals, now, isKnown, reload }: PortalTableProps) {
  return (
    <div class="card table">
      <table>
        <thead>
          <tr>
            <th scope="col">Portal</th>
            <th scope="col">Status</th>
            <th scope="col" class="number only-wide">
              Waiting
            </th>
            <th scope="col" class="number only-wide">
              Calls / s
            </th>
            <th scope="col" class="only-wide">
              Limit
            </th>
            <th scope="col" class="only-wide">
              Token renewed
            </th>
          </tr>
        </thead>
        <tbody>
          {portals.map((portal) => (
            <Row key={portal.memberId} portal={portal} now={now[portal.memberId]} isKnown={isKnown} reload={reload} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly portal: Portal;
  readonly now: PortalNow | undefined;
  readonly isKnown: boolean;
  readonly reload: () => void;
}

function Row({ portal, now, isKnown, reload }: RowProps) {
  const { memberId, alias, domain, status, since, why, limits } = portal;
  return (
    <tr>
      <th scope="row">
        <Link to={`/portals/${memberId}`}>{alias ?? domain}</Link>
        {alias && <span class="soft small block">{domain}</span>}
      </th>
      <td>
        <StatusChip status={status} isKnown={isKnown} />
        {now?.circuit === 'open' && status === 'active' && <Chip tone="bad">Down</Chip>}
        {since && (
          <span class="soft small block" title={why}>
            for {span(Date.now() - Date.parse(since))}
          </span>
        )}
        {!portal.admitted && <AdmitButton portal={portal} admitted={reload} />}
        {now && now.waiting > 0 && <span class="soft small only-narrow">{count(now.waiting, 'call')} waiting</span>}
      </td>
      <td class="number only-wide">{now ? now.waiting : '–'}</td>
      <CallsCell calls={now?.calls} />
      <td class="only-wide">
        {limits.burst} <span class="soft">at once,</span> {limits.drainPerSecond} <span class="soft">a second</span>
      </td>
      <td class="only-wide">
        <TokenAge portal={portal} />
      </td>
    </tr>
  );
}

function CallsCell({ calls }: { calls: PortalNow['calls'] | undefined }) {
  return (
    <td class="number only-wide">
      {calls ? calls.ok + calls.failed : '–'}
      {calls && calls.failed > 0 && <span class="bad-text"> ({calls.failed} failed)</span>}
    </td>
  );
}

function TokenAge({ portal: { kind, token, installedAt } }: { portal: Portal }) {
  if (kind === 'webhook') return <span class="soft">webhook</span>;
  if (!token) return <span class="soft">none</span>;
  const renewedAt = token.refreshedAt ?? installedAt;
  return (
    <span title={`Valid until ${dateTime(token.expiresAt)}; renewed when a call needs it`}>{when(renewedAt)}</span>
  );
}

function Pager({ page, total, turnTo }: { page: number; total: number; turnTo: (page: number) => void }) {
  const last = lastPageOf(total);
  return (
    <nav class="pager" aria-label="Pages of portals">
      <button
        type="button"
        disabled={page === 0}
        onClick={() => {
          turnTo(page - 1);
        }}
      >
        Previous
      </button>
      <span>
        {(page * pageSize + 1).toLocaleString()}–{Math.min(total, (page + 1) * pageSize).toLocaleString()} of{' '}
        {total.toLocaleString()}
      </span>
      <button
        type="button"
        disabled={page === last}
        onClick={() => {
          turnTo(page + 1);
        }}
      >
        Next
      </button>
    </nav>
  );
}

const linkWords: Record<LiveLink, string> = {
  connecting: 'Connecting …',
  live: 'Live',
  paused: 'Paused',
  lost: 'Reconnecting …',
};

export function LiveDot({ link, snapshot }: { link: LiveLink; snapshot: Snapshot | undefined }) {
  const replicas = snapshot?.replicas.length ?? 0;
  return (
    <span class={`live ${link}`} role="status">
      {linkWords[link]}
      {link === 'live' && replicas > 1 && <span class="soft">· {count(replicas, 'replica')}</span>}
    </span>
  );
}
