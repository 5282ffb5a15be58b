import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ClientKey, ApiPage, ShownKey } from '../api-types';
import { useMay } from '../may';
import { EditKey } from '../parts/edit-key';
import { Moment } from '../parts/moment';
import { NewKey } from '../parts/new-key';
import { Chip, CopyButton, Empty, Field, Loading, ProblemBox, TextField, WorkDialog } from '../parts/pieces';
import { useQuery } from '../router';
import { useRequest } from '../use-request';
import { count, dateTime, when } from '../words';

type KeyAction =
  { readonly what: 'create' } | { readonly what: 'edit' | 'rotate' | 'delete'; readonly client: ClientKey };

const noSearch = { search: '' };

export function KeysPage() {
  const { data, problem, reload } = useRequest(
    (signal) => call<ApiPage<ClientKey>>('GET', '/v1/clients', undefined, signal),
    [],
  );
  const [doing, setDoing] = useState<KeyAction>();
  const [shown, setShown] = useState<ShownKey>();
  const done = (key?: ShownKey) => {
    setDoing(undefined);
    setShown(key);
    reload();
  };
  const close = () => {
    setDoing(undefined);
  };
  return (
    <>
      <div class="title">
        <h1>Client keys</h1>
        <NewKeyButton
          act={() => {
            setDoing({ what: 'create' });
          }}
        />
      </div>
      <p class="soft under">
        Each service of yours gets a key of its own, which may do as much as you say and no more.
      </p>
      {shown && (
        <Shown
          shown={shown}
          close={() => {
            setShown(undefined);
          }}
        />
      )}
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {!data && !problem && <Loading what="Loading the keys …" />}
      {data?.items.length === 0 && (
        <Empty title="No key yet">
          <p>Make one for the first service that is to call your portals.</p>
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <KeyTable
          items={data.items}
          act={(what, client) => {
            setDoing({ what, client });
          }}
        />
      )}
      {doing && <KeyDialog doing={doing} close={close} done={done} />}
    </>
  );
}

interface KeyDialogProps {
  readonly doing: KeyAction;
  readonly close: () => void;
  readonly done: (key?: ShownKey) => void;
}

function KeyDialog({ doing, close, done }: KeyDialogProps) {
  switch (doing.what) {
    case 'create':
      return <NewKey close={close} done={done} />;
    case 'edit':
      return <EditKey client={doing.client} close={close} done={done} />;
    case 'rotate':
      return <Rotate client={doing.client} close={close} done={done} />;
    case 'delete':
      return <Delete client={doing.client} close={close} done={done} />;
  }
}

function NewKeyButton({ act }: { act: () => void }) {
  if (!useMay()('createClient')) return null;
  return (
    <button type="button" class="main" onClick={act}>
      New key
    </button>
  );
}

function Shown({ shown: { name, key }, close }: { shown: ShownKey; close: () => void }) {
  return (
    <section class="box good" role="status" aria-label="New key">
      <h2>The key of {name}</h2>
      <p>Copy it now: it is shown this once and can’t be shown again.</p>
      <p class="secret">
        <code>{key}</code>
      </p>
      <p class="actions">
        <CopyButton text={key} label="Copy the key" />
        <button type="button" class="quiet" onClick={close}>
          I have it
        </button>
      </p>
    </section>
  );
}

const shownAtOnce = 100;

interface KeyTableProps {
  readonly items: readonly ClientKey[];
  readonly act: (what: 'edit' | 'rotate' | 'delete', client: ClientKey) => void;
}

/** The keys that match the search, a hundred at a time: hundreds of rows stay quick. */
function KeyTable({ items, act }: KeyTableProps) {
  const [{ search }, setQuery] = useQuery(noSearch);
  const [shown, setShown] = useState(shownAtOnce);
  const found = items.filter((it) => matchesSearch(it, search));
  return (
    <>
      <div class="filters" role="search">
        <input
          type="search"
          aria-label="Search"
          placeholder="Name, id, scope, portal or method"
          value={search}
          onInput={(event) => {
            const { value } = event.currentTarget;
            setQuery(() => ({ search: value }));
            setShown(shownAtOnce);
          }}
        />
      </div>
      {found.length === 0 && (
        <Empty title="No such key">
          <p>No key matches the search.</p>
        </Empty>
      )}
      {found.length > 0 && (
        <div class="card table">
          <table>
            <thead>
              <tr>
                <th scope="col">Key</th>
                <th scope="col" class="only-wide">
                  May
                </th>
                <th scope="col" class="only-wide">
                  Portals
                </th>
                <th scope="col">Last used</th>
                <th scope="col" class="only-wide">
                  Expires
                </th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, shown).map((client) => (
                <KeyRow
                  key={client.id}
                  client={client}
                  act={(what) => {
                    act(what, client);
                  }}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > shown && (
        <p class="pager">
          <span>
            {shown} of {count(found.length, 'key')}
          </span>
          <button
            type="button"
            onClick={() => {
              setShown(shown + shownAtOnce);
            }}
          >
            Show more
          </button>
        </p>
      )}
    </>
  );
}

/** What can be done with a key, and the operation that does it. */
const actions = [
  ['edit', 'Edit …', 'updateClient'],
  ['rotate', 'Replace …', 'rotateClientKey'],
  ['delete', 'Delete …', 'deleteClient'],
] as const;

function KeyRow({ client, act }: { client: ClientKey; act: (what: 'edit' | 'rotate' | 'delete') => void }) {
  const { id, name, scopes, portals, methods, expiresAt, lastUsedAt } = client;
  const may = useMay();
  const expired = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
  return (
    <tr>
      <th scope="row">
        {name} {expired && <Chip tone="bad">Expired</Chip>}
        <span class="soft small block">
          <code>{id}</code>
        </span>
        <KeyNotes client={client} />
      </th>
      <td class="only-wide">
        {scopes.join(', ')}
        {methods && <span class="soft small block">{methods.join(', ')}</span>}
      </td>
      <td class="only-wide">{portals === 'all' ? 'all' : portals.length}</td>
      <td>{lastUsedAt ? <Moment at={lastUsedAt} /> : 'never'}</td>
      <td class="only-wide">{expiresAt ? <Moment at={expiresAt} /> : 'never'}</td>
      <td>
        <p class="actions">
          {actions
            .filter(([, , operation]) => may(operation))
            .map(([what, label]) => (
              <button
                key={what}
                type="button"
                class={what === 'delete' ? 'danger' : ''}
                onClick={() => {
                  act(what);
                }}
              >
                {label}
                <span class="hidden"> {name}</span>
              </button>
            ))}
        </p>
      </td>
    </tr>
  );
}

/** A rate, and a former key that still works. */
function KeyNotes({ client: { ratePerSecond, burst, previousKey } }: { client: ClientKey }) {
  return (
    <>
      {ratePerSecond !== undefined && (
        <span class="soft small block">
          {ratePerSecond} a second, {burst} at once
        </span>
      )}
      {previousKey && (
        <span class="soft small block">
          Two keys work.{' '}
          {previousKey.validUntil
            ? `The old one works until ${dateTime(previousKey.validUntil)}`
            : 'Replace the key again to end the old one'}
          {previousKey.lastUsedAt && `, last used ${when(previousKey.lastUsedAt)}`}
        </span>
      )}
    </>
  );
}

function matchesSearch({ id, name, scopes, portals, methods = [] }: ClientKey, search: string): boolean {
  const texts = [id, name, ...scopes, ...(portals === 'all' ? ['all'] : portals), ...methods];
  const wanted = search.trim().toLowerCase();
  return texts.some((it) => it.toLowerCase().includes(wanted));
}

interface DoingProps {
  readonly client: ClientKey;
  readonly close: () => void;
  readonly done: (key?: ShownKey) => void;
}

const graces = [
  { seconds: 0, words: 'Ends at once' },
  { seconds: 3600, words: 'Works another hour' },
  { seconds: 86_400, words: 'Works another day' },
  { seconds: 7 * 86_400, words: 'Works another week' },
];

function Rotate({ client, close, done }: DoingProps) {
  const [grace, setGrace] = useState(3600);
  const [days, setDays] = useState('');
  const rotate = async () => {
    const wanted = { graceSeconds: grace, ...(days && { expiresInDays: Number(days) }) };
    done(await call<ShownKey>('POST', `/v1/clients/${client.id}/rotate`, wanted));
  };
  return (
    <WorkDialog title={`Replace the key of ${client.name}`} act="Replace the key" close={close} work={rotate}>
      <p>The service gets a new key; what it may do stays the same.</p>
      <Field label="The key of now" hint="Time to bring the new key to the service.">
        {(ids) => (
          <select
            {...ids}
            value={grace}
            onChange={(event) => {
              setGrace(Number(event.currentTarget.value));
            }}
          >
            {graces.map(({ seconds, words }) => (
              <option key={seconds} value={seconds}>
                {words}
              </option>
            ))}
          </select>
        )}
      </Field>
      {client.expiresAt && (
        <TextField
          label="The new key expires in days"
          hint="As the key of now, when left empty."
          value={days}
          set={setDays}
          input={{ type: 'number', min: 1, max: 3650 }}
        />
      )}
    </WorkDialog>
  );
}

function Delete({ client, close, done }: DoingProps) {
  const remove = async () => {
    await call('DELETE', `/v1/clients/${client.id}`);
    done();
  };
  return (
    <WorkDialog
      title={`Delete ${client.name}?`}
      act="Delete the key"
      tone="danger"
      keep="Keep it"
      close={close}
      work={remove}
    >
      <p>Its key stops working at once, and with it whatever service uses it. This can’t be undone.</p>
      {client.lastUsedAt && <p>It was last used {when(client.lastUsedAt)}.</p>}
    </WorkDialog>
  );
}
