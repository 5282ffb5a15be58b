import { useState } from 'preact/hooks';
import { call } from '../api';
import type { App, Page } from '../api-types';
import { CopyButton, Dialog, Empty, Field, Loading, ProblemBox } from '../parts/pieces';
import { useAsked, useWork } from '../use-asked';
import { when } from '../words';

const urlWords: Record<string, string> = {
  install: 'Connect a portal',
  handler: 'Handler',
  installation: 'Initial installation',
  events: 'Installation callback',
};

export function AppsPage() {
  const { data, problem, again } = useAsked((signal) => call<Page<App>>('GET', '/v1/apps', undefined, signal), []);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<App>();
  const done = () => {
    setAdding(false);
    setRemoving(undefined);
    again();
  };
  return (
    <>
      <div class="title">
        <h1>Apps</h1>
        <button
          type="button"
          class="main"
          onClick={() => {
            setAdding(true);
          }}
        >
          Register an app
        </button>
      </div>
      <p class="soft under">
        Each registration of an app in Bitrix24 has an id and a secret. A local app is good for one portal, so a gateway
        may have many.
      </p>
      {problem && <ProblemBox problem={problem} again={again} />}
      {!data && !problem && <Loading what="Loading the apps …" />}
      {data?.items.length === 0 && (
        <Empty title="No app yet">
          <p>Register the app that you made in Bitrix24.</p>
        </Empty>
      )}
      <ul class="cards">
        {data?.items.map((app) => (
          <li key={app.id} class="card">
            <header>
              <h2>{app.name}</h2>
            </header>
            <dl>
              <dt>Client id</dt>
              <dd>
                <code>{app.clientId}</code>
              </dd>
              <dt>May use</dt>
              <dd>{app.scope.join(', ') || 'nothing'}</dd>
              {app.registeredAt && (
                <>
                  <dt>Registered</dt>
                  <dd>{when(app.registeredAt)}</dd>
                </>
              )}
              {Object.entries(app.urls ?? {}).map(([name, url]) => (
                <Address key={name} name={urlWords[name] ?? name} url={url} />
              ))}
            </dl>
            {app.id !== 'default' && (
              <p class="actions">
                <button
                  type="button"
                  class="danger"
                  onClick={() => {
                    setRemoving(app);
                  }}
                >
                  Remove …<span class="hidden"> {app.name}</span>
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
      {adding && (
        <Register
          close={() => {
            setAdding(false);
          }}
          done={done}
        />
      )}
      {removing && (
        <Remove
          app={removing}
          close={() => {
            setRemoving(undefined);
          }}
          done={done}
        />
      )}
    </>
  );
}

function Address({ name, url }: { name: string; url: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <code>{url}</code> <CopyButton text={url} />
      </dd>
    </>
  );
}

function Register({ close, done }: { close: () => void; done: () => void }) {
  const [name, setName] = useState('');
  const [clientId, setClientId] = useState('');
  const [clientSecret, setClientSecret] = useState('');
  const { busy, problem, run } = useWork();
  const register = (event: Event) => {
    event.preventDefault();
    run(async () => {
      await call('POST', '/v1/apps', { name, clientId, clientSecret });
      done();
    });
  };
  return (
    <Dialog title="Register an app" close={close}>
      <form onSubmit={register}>
        <p>
          Bitrix24 shows the id and the secret when you make the app there. Its addresses are shown here afterwards.
        </p>
        <Field label="Name">
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={100}
              autofocus
              value={name}
              onInput={(event) => {
                setName(event.currentTarget.value);
              }}
            />
          )}
        </Field>
        <Field label="Application id (client_id)">
          {(ids) => (
            <input
              {...ids}
              required
              spellcheck={false}
              autocapitalize="none"
              value={clientId}
              onInput={(event) => {
                setClientId(event.currentTarget.value.trim());
              }}
            />
          )}
        </Field>
        <Field label="Application key (client_secret)" hint="Kept encrypted and never shown again.">
          {(ids) => (
            <input
              {...ids}
              type="password"
              autocomplete="off"
              required
              value={clientSecret}
              onInput={(event) => {
                setClientSecret(event.currentTarget.value.trim());
              }}
            />
          )}
        </Field>
        {problem && <ProblemBox problem={problem} />}
        <p class="actions">
          <button type="submit" class="main" disabled={busy}>
            Register
          </button>
          <button type="button" class="quiet" onClick={close}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function Remove({ app, close, done }: { app: App; close: () => void; done: () => void }) {
  const { busy, problem, run } = useWork();
  const remove = (event: Event) => {
    event.preventDefault();
    run(async () => {
      await call('DELETE', `/v1/apps/${app.id}`);
      done();
    });
  };
  return (
    <Dialog title={`Remove ${app.name}?`} close={close}>
      <form onSubmit={remove}>
        <p>
          The gateway forgets the app’s secret. Portals that were connected through it can’t renew their tokens without
          it.
        </p>
        {problem && <ProblemBox problem={problem} />}
        <p class="actions">
          <button type="submit" class="danger" disabled={busy}>
            Remove the app
          </button>
          <button type="button" class="quiet" onClick={close}>
            Keep it
          </button>
        </p>
      </form>
    </Dialog>
  );
}
