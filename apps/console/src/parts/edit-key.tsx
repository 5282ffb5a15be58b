import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ClientKey } from '../api-types';
import { dateTime } from '../words';
import { changesOf, draftOf, type KeyDraft } from './key-changes';
import { KeyFields } from './key-fields';
import { WorkDialog } from './pieces';

interface EditKeyProps {
  readonly client: ClientKey;
  readonly close: () => void;
  readonly done: () => void;
}

/** Changes what a key may do; the key itself stays. */
export function EditKey({ client, close, done }: EditKeyProps) {
  const [draft, setDraft] = useState(() => draftOf(client));
  const set = (changes: Partial<KeyDraft>) => {
    setDraft((it) => ({ ...it, ...changes }));
  };
  const changes = changesOf(client, draft);
  const expiries = [
    { value: 'as is', words: client.expiresAt ? `As it is: ${dateTime(client.expiresAt)}` : 'As it is: never' },
    ...(client.expiresAt ? [{ value: 'never', words: 'Never' }] : []),
    { value: '30', words: 'In 30 days' },
    { value: '90', words: 'In 90 days' },
    { value: '365', words: 'In a year' },
  ];
  const save = async () => {
    await call('PATCH', `/v1/clients/${client.id}`, changes);
    done();
  };
  return (
    <WorkDialog
      title={`Edit ${client.name}`}
      act="Save"
      ready={draft.scopes.length > 0 && Object.keys(changes).length > 0}
      close={close}
      work={save}
    >
      <p>The key stays the same. Its new rights count at once; calls that wait with rights it loses are not sent.</p>
      <KeyFields draft={draft} set={set} expiries={expiries} />
    </WorkDialog>
  );
}
