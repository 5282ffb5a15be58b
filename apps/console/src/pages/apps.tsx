import { useState } from 'preact/hooks';
import { call } from '../api';
import type { App, ApiPage } from '../api-types';
import { CopyButton, Empty, Loading, ProblemBox, TextField, verbatim, WorkDialog } from '../parts/pieces';
import { useMay } from '../may';
import { useRequest } from '../use-request';
import { when } from '../words';

const urlWords: Record<string, string> = {
  install: 'Connect a portal',
  handler: 'Handler',
  installation: 'Initial installation',
  events: 'Installation callback',
};

type AppAction = { readonly what: 'register' } | { readonly what: 'secret' | 'remove'; readonly app: App };

export function AppsPage() {
  const { data, problem, reload } = useRequest(
    (signal) => call<ApiPage<App>>('GET', '/v1/apps', undefined, signal),
    [],
  );
  const may = useMay();
  const [doing, setDoing] = useState<AppAction>();
  const close = () => {
    setDoing(undefined);
  };
  const done = () => {
    close();
    reload();
  };
  return (
    <>
      <div class="title">
        <h1>Apps</h1>
        {may('registerApp') && (
          <button
            type="button"
            class="main"
            onClick={() => {
              setDoing({ what: 'register' });
            }}
          >
            Register an app
          </button>
        )}
      </div>
      <p class="soft under">
        Each registration of an app in Bitrix24 has an id and a secret. A local app is good for one portal, so a gateway
        may have many.
      </p>
      {problem && <ProblemBox problem={problem} reload={reload} />}
      {!data && !problem && <Loading what="Loading the apps …" />}
      {data?.items.length === 0 && (
        <Empty title="No app yet">
          <p>Register the app that you made in Bitrix24.</p>
        </Empty>
      )}
      <ul class="cards roomy">
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
            {app.id !== 'default' && may('updateApp') && (
              <p class="actions">
                <button
                  type="button"
                  onClick={() => {
                    setDoing({ what: 'secret', app });
                  }}
                >
                  Change secret …<span class="hidden"> of {app.name}</span>
                </button>
                <button
                  type="button"
                  class="danger"
                  onClick={() => {
                    setDoing({ what: 'remove', app });
                  }}
                >
                  Remove …<span class="hidden"> {app.name}</span>
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
      {doing?.what === 'register' && <Register close={close} done={done} />}
      {doing?.what === 'secret' && <ChangeSecret app={doing.app} close={close} done={done} />}
      {doing?.what === 'remove' && <Remove app={doing.app} close={close} done={done} />}
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

interface AppDialogProps {
  readonly app: App;
  readonly close: () => void;
  readonly done: () => void;
}

const secretField = {
  label: 'Application key (client_secret)',
  hint: 'Kept encrypted and never shown again.',
  input: { type: 'password', autocomplete: 'off', required: true },
} as const;

function Register({ close, done }: Omit<AppDialogProps, 'app'>) {
  const [name, setName] = useState('');
  const [clientId, setClientId] = useState('');
  const [clientSecret, setClientSecret] = useState('');
  const register = async () => {
    await call('POST', '/v1/apps', { name, clientId: clientId.trim(), clientSecret: clientSecret.trim() });
    done();
  };
  return (
    <WorkDialog title="Register an app" act="Register" close={close} work={register}>
      <p>Bitrix24 shows the id and the secret when you make the app there. Its addresses are shown here afterwards.</p>
      <TextField label="Name" value={name} set={setName} input={{ required: true, maxLength: 100, autofocus: true }} />
      <TextField
        label="Application id (client_id)"
        value={clientId}
        set={setClientId}
        input={{ ...verbatim, required: true }}
      />
      <TextField {...secretField} value={clientSecret} set={setClientSecret} />
    </WorkDialog>
  );
}

function ChangeSecret({ app, close, done }: AppDialogProps) {
  const [clientSecret, setClientSecret] = useState('');
  const change = async () => {
    await call('PATCH', `/v1/apps/${app.id}`, { clientSecret: clientSecret.trim() });
    done();
  };
  return (
    <WorkDialog title={`Another secret for ${app.name}`} act="Change the secret" close={close} work={change}>
      <p>
        Set it here before you renew it in Bitrix24, or after: until Bitrix24 takes the new one the old one is used, and
        no call fails in between.
      </p>
      <TextField {...secretField} value={clientSecret} set={setClientSecret} />
    </WorkDialog>
  );
}

function Remove({ app, close, done }: AppDialogProps) {
  const remove = async () => {
    await call('DELETE', `/v1/apps/${app.id}`);
    done();
  };
  return (
    <WorkDialog
      title={`Remove ${app.name}?`}
      act="Remove the app"
      tone="danger"
      keep="Keep it"
      close={close}
      work={remove}
    >
      <p>
        The gateway forgets the app’s secret. Portals that were connected through it can’t renew their tokens without
        it.
      </p>
    </WorkDialog>
  );
}
