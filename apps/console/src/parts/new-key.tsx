import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ShownKey } from '../api-types';
import { type KeyDraft, listOf } from './key-changes';
import { KeyFields } from './key-fields';
import { WorkDialog } from './pieces';

const expiries = [
  { value: '', words: 'Never' },
  { value: '30', words: 'In 30 days' },
  { value: '90', words: 'In 90 days' },
  { value: '365', words: 'In a year' },
];
const nothing: KeyDraft = { name: '', scopes: ['backlog:read'], portals: '', methods: '', expiry: '', rate: '' };

export function NewKey({ close, done }: { close: () => void; done: (key: ShownKey) => void }) {
  const [draft, setDraft] = useState(nothing);
  const set = (changes: Partial<KeyDraft>) => {
    setDraft((it) => ({ ...it, ...changes }));
  };
  const create = async () => {
    done(await call<ShownKey>('POST', '/v1/clients', bodyOf(draft)));
  };
  return (
    <WorkDialog title="New client key" act="Make the key" ready={draft.scopes.length > 0} close={close} work={create}>
      <KeyFields draft={draft} set={set} expiries={expiries} />
    </WorkDialog>
  );
}

function bodyOf({ name, scopes, portals, methods, expiry, rate }: KeyDraft): object {
  return {
    name,
    scopes,
    portals: listOf(portals).length > 0 ? listOf(portals) : 'all',
    ...(listOf(methods).length > 0 && { methods: listOf(methods) }),
    ...(expiry !== '' && { expiresInDays: Number(expiry) }),
    ...(rate !== '' && { ratePerSecond: Number(rate) }),
  };
}
