import { useEffect, useState } from 'preact/hooks';
import { call, type ApiProblem, problemOf } from '../api';
import type { ApiPage, ClientKey, LoggedCall, Portal } from '../api-types';
import { anyFailure, type CallPageFilter, noCallFilter, pageQuery, streamQuery } from '../call-query';
import { useCallStream } from '../call-stream';
import { CallRow } from '../parts/call-row';
import { Choice, PortalField, TimeField, WordField } from '../parts/filters';
import { Empty, Loading, MoreButton, ProblemBox } from '../parts/pieces';
import { useQuery } from '../router';
import { useRequest } from '../use-request';

interface CallLogPage extends ApiPage<LoggedCall> {
  readonly recorded: boolean;
}

/** Codes to choose from; any other may stand in the address. */
const codes = [
  ...['ok', 'rejected_by_portal', 'portal_error', 'portal_unreachable', 'no_answer', 'outcome_unknown'],
  ...['deadline_exceeded', 'queue_full', 'operating_time_spent', 'not_allowed', 'reauthorization_required'],
];

export function CallsPage() {
  const [filter, setFilter] = useQuery(noCallFilter);
  const isFollowing = filter.follow !== '';
  const [turn, setTurn] = useState(0);
  const log = useCallPages(filter, turn);
  const ended = useCallStream(streamQuery(filter), isFollowing);
  const portals = useRequest((signal) => call<ApiPage<Portal>>('GET', '/v1/portals?limit=200', undefined, signal), []);
  const set = (changes: Partial<CallPageFilter>) => {
    setFilter((it) => ({ ...it, ...changes }));
  };
  const known = new Set(log.items?.map(({ id }) => id));
  const shown = isFollowing ? [...ended.filter(({ id }) => !known.has(id)), ...(log.items ?? [])] : log.items;
  return (
    <>
      <div class="title">
        <h1>Calls</h1>
        <div class="acts">
          <button
            type="button"
            onClick={() => {
              set({ follow: isFollowing ? '' : '1', ...(!isFollowing && { requestId: '', since: '', until: '' }) });
            }}
          >
            {isFollowing ? 'Stop following' : 'Follow'}
          </button>
          <button
            type="button"
            onClick={() => {
              setTurn((it) => it + 1);
            }}
          >
            Refresh
          </button>
        </div>
      </div>
      <p class="soft under">
        Every call of the last day, newest first: who called what, with what result, and where the time went.
      </p>
      <CallFilters filter={filter} set={set} portals={portals.data?.items} />
      {log.problem && <ProblemBox problem={log.problem} />}
      {!shown && !log.problem && <Loading what="Loading the calls …" />}
      {log.isRecorded === false && (
        <div class="box warn">
          <p>
            Calls are not logged: <code>CALL_LOG_MIB</code> is 0.
          </p>
        </div>
      )}
      {shown && (
        <CallList
          calls={shown}
          portals={portals.data?.items}
          chooseRequest={(requestId) => {
            set({ ...noCallFilter, requestId });
          }}
        />
      )}
      {log.next !== undefined && (
        <MoreButton label={shown?.length === 0 ? 'Search further back' : 'Show older'} more={log.loadMore} />
      )}
    </>
  );
}

interface CallFiltersProps {
  readonly filter: CallPageFilter;
  readonly set: (changes: Partial<CallPageFilter>) => void;
  readonly portals: readonly Portal[] | undefined;
}

function CallFilters({ filter, set, portals }: CallFiltersProps) {
  const clients = useRequest((signal) => call<ApiPage<ClientKey>>('GET', '/v1/clients', undefined, signal), []);
  const field = (name: keyof CallPageFilter) => ({
    value: filter[name],
    choose: (value: string) => {
      set({ [name]: value });
    },
  });
  return (
    <div class="filters grid" role="search">
      <WordField label="Request id" {...field('requestId')} />
      <PortalField {...field('portal')} portals={portals} />
      <Choice label="Client" {...field('client')}>
        <option value="admin">admin</option>
        {clients.data?.items.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Choice>
      <WordField label="Method" {...field('method')} />
      <Choice label="Result" {...field('code')}>
        <option value={anyFailure}>failed</option>
        {codes
          .concat(filter.code === '' || filter.code === anyFailure || codes.includes(filter.code) ? [] : filter.code)
          .map((it) => (
            <option key={it} value={it}>
              {it}
            </option>
          ))}
      </Choice>
      {filter.follow === '' && <TimeField label="From" {...field('since')} />}
      {filter.follow === '' && <TimeField label="To" {...field('until')} />}
    </div>
  );
}

interface CallListProps {
  readonly calls: readonly LoggedCall[];
  readonly portals: readonly Portal[] | undefined;
  readonly chooseRequest: (requestId: string) => void;
}

function CallList({ calls, portals, chooseRequest }: CallListProps) {
  if (calls.length === 0)
    return (
      <Empty title="Nothing to show">
        <p>No calls match. A call appears about a second after it has ended.</p>
      </Empty>
    );
  const maxMs = Math.max(...calls.map(({ tookMs }) => tookMs));
  const nameOf = (id: string) => {
    const portal = portals?.find(({ memberId }) => memberId === id);
    return portal?.alias ?? portal?.domain ?? id;
  };
  return (
    <div class="card table calls">
      <table>
        <thead>
          <tr>
            <th scope="col">Ended</th>
            <th scope="col" class="only-wide">
              Client and portal
            </th>
            <th scope="col">Method</th>
            <th scope="col" class="only-wide">
              Time <Legend />
            </th>
            <th scope="col" class="only-wide">
              Result
            </th>
          </tr>
        </thead>
        <tbody>
          {calls.map((it) => (
            <CallRow key={it.id} call={it} portal={nameOf(it.portal)} maxMs={maxMs} chooseRequest={chooseRequest} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Legend() {
  return (
    <span class="legend">
      <span class="key amber">queue</span> <span class="key blue">portal</span> <span class="key grey">rest</span>
    </span>
  );
}

/** The pages of the log that are loaded. */
function useCallPages(filter: CallPageFilter, turn: number) {
  const [items, setItems] = useState<readonly LoggedCall[]>();
  const [next, setNext] = useState<string>();
  const [isRecorded, setRecorded] = useState<boolean>();
  const [problem, setProblem] = useState<ApiProblem>();
  const load = (after: string | undefined, signal?: AbortSignal) =>
    call<CallLogPage>('GET', `/v1/calls?${pageQuery(filter, after)}`, undefined, signal).then(
      (page) => {
        setItems((before) => [...(after === undefined ? [] : (before ?? [])), ...page.items]);
        setNext(page.nextCursor);
        setRecorded(page.recorded);
        setProblem(undefined);
      },
      (error: unknown) => {
        if (!signal?.aborted) setProblem(problemOf(error));
      },
    );
  useEffect(() => {
    const controller = new AbortController();
    // Typing a filter changes it with each letter.
    const timer = setTimeout(() => void load(undefined, controller.signal), items === undefined ? 0 : 300);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [filter, turn]);
  return { items, next, isRecorded, problem, loadMore: () => void load(next) };
}
