import { useEffect, useState } from 'preact/hooks';
import { call, type ApiProblem, problemOf } from '../api';
import type { AuditEntry, ClientKey, ConsoleSession, ApiPage, OpenApi, Portal } from '../api-types';
import { ExportButton } from '../parts/export-button';
import { Choice, PortalField, TimeField, WordField } from '../parts/filters';
import { Chip, CopyButton, Empty, Loading, ProblemBox } from '../parts/pieces';
import { RequestLink } from '../parts/request-link';
import { Switch } from '../parts/switch';
import { useQuery } from '../router';
import { useRequest } from '../use-request';
import { actionWords, dateTime, when } from '../words';

/** Actions without an operation of their own. */
const otherActions = ['signIn', 'signOut', 'installPortal', 'uninstallPortal'];
const parties = [
  { value: '', label: 'Everybody' },
  { value: 'people', label: 'People' },
  { value: 'services', label: 'Services' },
  { value: 'portals', label: 'Portals' },
];
const speakers = ['admin', 'portal event', 'portal page', 'authorization'];

interface AuditPageFilter {
  readonly portal: string;
  readonly by: string;
  readonly client: string;
  readonly action: string;
  readonly outcome: string;
  readonly requestId: string;
  readonly from: string;
  readonly to: string;
}
const none: AuditPageFilter = {
  portal: '',
  by: '',
  client: '',
  action: '',
  outcome: '',
  requestId: '',
  from: '',
  to: '',
};

/** People with a session. */
function usePeople(): readonly { id: string; name: string }[] {
  const { data } = useRequest((signal) => call<ApiPage<ConsoleSession>>('GET', '/v1/sessions', undefined, signal), []);
  const people = new Map(data?.items.filter((it) => it.isPerson).map(({ client, name }) => [client, name]));
  return [...people].map(([id, name]) => ({ id, name }));
}

export function AuditPage({ document: api }: { document: OpenApi | undefined }) {
  const [filter, setFilter] = useQuery(none);
  const isUnfiltered = Object.values(filter).every((it) => it === '');
  const [items, setItems] = useState<readonly AuditEntry[]>();
  const [next, setNext] = useState<string>();
  const [problem, setProblem] = useState<ApiProblem>();
  const [turn, setTurn] = useState(0);
  const clients = useRequest((signal) => call<ApiPage<ClientKey>>('GET', '/v1/clients', undefined, signal), []);
  const people = usePeople();
  const portals = useRequest((signal) => call<ApiPage<Portal>>('GET', '/v1/portals?limit=200', undefined, signal), []);
  const load = (after: string | undefined, signal?: AbortSignal) =>
    call<ApiPage<AuditEntry>>('GET', `/v1/audit?${queryOf(filter, after)}`, undefined, signal).then(
      (page) => {
        setItems((before) => [...(after ? (before ?? []) : []), ...page.items]);
        setNext(page.nextCursor);
        setProblem(undefined);
      },
      (error: unknown) => {
        if (!signal?.aborted) setProblem(problemOf(error));
      },
    );
  useEffect(() => {
    const controller = new AbortController();
    // Whoever types a filter is not done with each letter.
    const timer = setTimeout(() => void load(undefined, controller.signal), turn === 0 && isUnfiltered ? 0 : 300);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [filter, turn]);
  const set = (changes: Partial<AuditPageFilter>) => {
    setFilter((it) => ({ ...it, ...changes }));
  };
  const nameOf = (id: string) => {
    const portal = portals.data?.items.find(({ memberId }) => memberId === id);
    return portal?.alias ?? portal?.domain ?? id;
  };
  return (
    <>
      <div class="title">
        <h1>Audit log</h1>
        <p class="actions">
          <CopyButton text={location.href} label="Copy the link" />
          <ExportButton query={exportQueryOf(filter)} />
          <button
            type="button"
            onClick={() => {
              setTurn((it) => it + 1);
            }}
          >
            Refresh
          </button>
        </p>
      </div>
      <p class="soft under">
        Who changed what, newest first. An entry has the ids of what was changed, and not the content.
      </p>
      <Switch
        label="Who acted"
        choices={parties}
        chosen={filter.by}
        choose={(by) => {
          set({ by });
        }}
      />
      <div class="filters grid" role="search">
        <PortalField
          value={filter.portal}
          choose={(portal) => {
            set({ portal });
          }}
          portals={portals.data?.items}
        />
        <Choice
          label="By"
          value={filter.client}
          choose={(client) => {
            set({ client });
          }}
        >
          {speakers.map((it) => (
            <option key={it} value={it}>
              {it}
            </option>
          ))}
          {[...people, ...(clients.data?.items ?? [])].map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </Choice>
        <Choice
          label="Action"
          value={filter.action}
          choose={(action) => {
            set({ action });
          }}
        >
          {actionsOf(api).map((it) => (
            <option key={it} value={it}>
              {actionWords(it)}
            </option>
          ))}
        </Choice>
        <Choice
          label="Outcome"
          value={filter.outcome}
          choose={(outcome) => {
            set({ outcome });
          }}
        >
          <option value="done">done</option>
          {[
            'not_allowed',
            'invalid_request',
            'portal_not_found',
            'reauthorization_required',
            'outcome_unknown',
            'internal_error',
          ].map((it) => (
            <option key={it} value={it}>
              {it}
            </option>
          ))}
        </Choice>
        <WordField
          label="Request id"
          value={filter.requestId}
          choose={(requestId) => {
            set({ requestId });
          }}
        />
        <TimeField
          label="From"
          value={filter.from}
          choose={(from) => {
            set({ from });
          }}
        />
        <TimeField
          label="To"
          value={filter.to}
          choose={(to) => {
            set({ to });
          }}
        />
      </div>
      {problem && <ProblemBox problem={problem} />}
      {!items && !problem && <Loading what="Loading the log …" />}
      {items?.length === 0 && !problem && (
        <Empty title="Nothing to show">
          <p>{isUnfiltered ? 'Nobody has changed anything yet.' : 'No entries match these filters.'}</p>
        </Empty>
      )}
      {items && items.length > 0 && (
        <div class="card table">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col" class="only-wide">
                  Who
                </th>
                <th scope="col">What</th>
                <th scope="col" class="only-wide">
                  Portal
                </th>
                <th scope="col">Outcome</th>
              </tr>
            </thead>
            <tbody>
              {items.map((entry) => (
                <Row key={entry.id} entry={entry} portal={entry.portal && nameOf(entry.portal)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && (
        <p class="pager">
          <button type="button" onClick={() => void load(next)}>
            Show older
          </button>
        </p>
      )}
    </>
  );
}

function Row({ entry, portal }: { entry: AuditEntry; portal: string | undefined }) {
  const { at, actor, name, action, outcome, requestId, source, ids = {} } = entry;
  const shownIds = Object.entries(ids).filter(([field]) => field !== 'console');
  return (
    <tr>
      <td>
        <time dateTime={at}>{dateTime(at)}</time>
        <span class="soft small block">{when(at)}</span>
      </td>
      <td class="only-wide">
        {name ?? actor}
        {source !== undefined && <span class="soft small block">from {source}</span>}
        {ids.console === true && <span class="soft small block">in the console</span>}
      </td>
      <td>
        {actionWords(action)}
        <span class="soft small only-narrow">by {name ?? actor}</span>
        {shownIds.length > 0 && (
          <span class="soft small block">{shownIds.map(([field, value]) => `${field} ${value}`).join(', ')}</span>
        )}
        <span class="soft small block">
          <a href={`/console/audit?requestId=${encodeURIComponent(requestId)}`}>request</a>{' '}
          <RequestLink id={requestId} />
        </span>
      </td>
      <td class="only-wide">{portal ?? '–'}</td>
      <td>{outcome === 'done' ? <Chip tone="good">done</Chip> : <Chip tone="bad">{outcome}</Chip>}</td>
    </tr>
  );
}

/** Every operation that writes can be an action. */
function actionsOf(api: OpenApi | undefined): string[] {
  const operations = Object.values(api?.paths ?? {}).flatMap((path) =>
    Object.entries(path).flatMap(([method, { operationId }]) => (method === 'get' ? [] : [operationId])),
  );
  return [...new Set([...otherActions, ...operations])].sort((a, b) => actionWords(a).localeCompare(actionWords(b)));
}

function queryOf(filter: AuditPageFilter, after: string | undefined): string {
  const query = wantedOf(filter);
  query.set('limit', '50');
  if (after) query.set('cursor', after);
  return query.toString();
}

function exportQueryOf(filter: AuditPageFilter): string {
  return wantedOf(filter).toString();
}

function wantedOf({ from, to, ...words }: AuditPageFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(words)) if (value) query.set(name, value);
  if (from) query.set('from', new Date(from).toISOString());
  if (to) query.set('to', new Date(to).toISOString());
  return query;
}
