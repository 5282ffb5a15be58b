import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ClientKey, ApiPage, ShownKey } from '../api-types';
import { useMay } from '../may';
import { NewKey } from '../parts/new-key';
import { Chip, CopyButton, Empty, Field, Loading, ProblemBox, TextField, WorkDialog } from '../parts/pieces';
import { useRequest } from '../use-request';
import { count, dateTime, when } from '../words';

type KeyAction = { readonly what: 'create' } | { readonly what: 'rotate' | 'delete'; readonly client: ClientKey };

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
        <ul class="cards">
          {data.items.map((client) => (
            <KeyCard
              key={client.id}
              client={client}
              act={(what) => {
                setDoing({ what, client });
              }}
            />
          ))}
        </ul>
      )}
      {doing?.what === 'create' && <NewKey close={close} done={done} />}
      {doing?.what === 'rotate' && <Rotate client={doing.client} close={close} done={done} />}
      {doing?.what === 'delete' && <Delete client={doing.client} close={close} done={done} />}
    </>
  );
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

function KeyCard({ client, act }: { client: ClientKey; act: (what: 'rotate' | 'delete') => void }) {
  const { id, name, scopes, portals, methods, expiresAt, lastUsedAt, ratePerSecond, burst, previousKey } = client;
  const may = useMay();
  const expired = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
  return (
    <li class="card">
      <header>
        <h2>{name}</h2>
        {expired && <Chip tone="bad">Expired</Chip>}
        {previousKey && <Chip tone="warn">Two keys work</Chip>}
      </header>
      <dl>
        <dt>May</dt>
        <dd>{scopes.join(', ')}</dd>
        <dt>Portals</dt>
        <dd>{portals === 'all' ? 'all' : count(portals.length, 'portal')}</dd>
        {methods && (
          <>
            <dt>Methods</dt>
            <dd>{methods.join(', ')}</dd>
          </>
        )}
        <dt>Last used</dt>
        <dd>{lastUsedAt ? <span title={dateTime(lastUsedAt)}>{when(lastUsedAt)}</span> : 'never'}</dd>
        <dt>Expires</dt>
        <dd>{expiresAt ? <span title={dateTime(expiresAt)}>{when(expiresAt)}</span> : 'never'}</dd>
        {ratePerSecond !== undefined && (
          <>
            <dt>Rate</dt>
            <dd>
              {ratePerSecond} a second, {burst} at once
            </dd>
          </>
        )}
        {previousKey && (
          <>
            <dt>Old key</dt>
            <dd>
              {previousKey.validUntil
                ? `works until ${dateTime(previousKey.validUntil)}`
                : 'still works: replace the key again to end it'}
              {previousKey.lastUsedAt && `, last used ${when(previousKey.lastUsedAt)}`}
            </dd>
          </>
        )}
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
      </dl>
      {may('deleteClient') && (
        <p class="actions">
          <button
            type="button"
            onClick={() => {
              act('rotate');
            }}
          >
            Replace key …<span class="hidden"> of {name}</span>
          </button>
          <button
            type="button"
            class="danger"
            onClick={() => {
              act('delete');
            }}
          >
            Delete …<span class="hidden"> {name}</span>
          </button>
        </p>
      )}
    </li>
  );
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
