import { useState } from 'preact/hooks';
import { call } from '../api';
import type { Portal } from '../api-types';
import { go } from '../router';
import { useMay, useMayAll } from '../may';
import { useWork } from '../use-request';
import { AdmitButton } from './admit-button';
import { ProblemBox, ShortName, TextField, verbatim, WorkDialog } from './pieces';

/** What changes the portal here: its name, whether calls pass, and the end. */
export function PortalActions({ portal, changed }: { portal: Portal; changed: (portal: Portal) => void }) {
  const { memberId, alias, status } = portal;
  const [name, setName] = useState<string>();
  const [forgetting, setForgetting] = useState(false);
  const may = useMay();
  const mayAll = useMayAll();
  const { busy, problem, run } = useWork();
  const mark = (changes: object) => {
    run(async () => {
      changed(await call<Portal>('PATCH', `/v1/portals/${memberId}`, changes));
      setName(undefined);
    });
  };
  if (!may('updatePortal')) return null;
  return (
    <section class="card">
      <h2>Change</h2>
      {name === undefined ? (
        <p class="actions">
          {!portal.admitted && <AdmitButton portal={portal} admitted={changed} />}
          {mayAll && (
            <button
              type="button"
              onClick={() => {
                setName(alias ?? '');
              }}
            >
              {alias ? 'Rename' : 'Give it a short name'}
            </button>
          )}
          <button
            type="button"
            disabled={busy}
            onClick={() => {
              mark({ suspended: status !== 'suspended' });
            }}
          >
            {status === 'suspended' ? 'Resume calls' : 'Suspend calls'}
          </button>
          {mayAll && (
            <button
              type="button"
              class="danger"
              onClick={() => {
                setForgetting(true);
              }}
            >
              Forget …
            </button>
          )}
        </p>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            mark({ alias: name === '' ? null : name });
          }}
        >
          <ShortName label="Short name" value={name} set={setName} />
          <p class="actions">
            <button type="submit" class="main" disabled={busy}>
              Save
            </button>
            <button
              type="button"
              class="quiet"
              onClick={() => {
                setName(undefined);
              }}
            >
              Cancel
            </button>
          </p>
        </form>
      )}
      {problem && <ProblemBox problem={problem} />}
      {forgetting && (
        <Forget
          portal={portal}
          close={() => {
            setForgetting(false);
          }}
        />
      )}
    </section>
  );
}

function Forget({ portal: { memberId, alias, domain }, close }: { portal: Portal; close: () => void }) {
  const name = alias ?? domain;
  const [typed, setTyped] = useState('');
  const forget = async () => {
    await call('DELETE', `/v1/portals/${memberId}`);
    go('/', { replace: true });
  };
  return (
    <WorkDialog
      title={`Forget ${name}?`}
      act="Forget the portal"
      tone="danger"
      keep="Keep it"
      ready={typed.trim() === name}
      close={close}
      work={forget}
    >
      <p>
        The gateway deletes its tokens for this portal and every call to it is refused. The app stays installed in
        Bitrix24; connecting the portal again brings it back.
      </p>
      <TextField
        label={`Type ${name} to confirm`}
        value={typed}
        set={setTyped}
        input={{ ...verbatim, autocomplete: 'off' }}
      />
    </WorkDialog>
  );
}
