import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ShownKey } from '../api-types';
import { scopeDescriptions } from '../../../../libs/client/src/generated/scopes.gen';
import { Field, TextField, verbatim, WorkDialog } from './pieces';

const expiries = [
  { days: 0, words: 'Never' },
  { days: 30, words: 'In 30 days' },
  { days: 90, words: 'In 90 days' },
  { days: 365, words: 'In a year' },
];

/** Words between commas, spaces or lines. */
const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);

interface KeyDraft {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly portals: string;
  readonly methods: string;
  readonly days: number;
  readonly rate: string;
}

const nothing: KeyDraft = { name: '', scopes: ['backlog:read'], portals: '', methods: '', days: 0, rate: '' };

export function NewKey({ close, done }: { close: () => void; done: (key: ShownKey) => void }) {
  const [draft, setDraft] = useState(nothing);
  const set = (changes: Partial<KeyDraft>) => {
    setDraft((it) => ({ ...it, ...changes }));
  };
  const toggle = (scope: string) => {
    set({
      scopes: draft.scopes.includes(scope) ? draft.scopes.filter((it) => it !== scope) : [...draft.scopes, scope],
    });
  };
  const create = async () => {
    done(await call<ShownKey>('POST', '/v1/clients', bodyOf(draft)));
  };
  return (
    <WorkDialog title="New client key" act="Make the key" ready={draft.scopes.length > 0} close={close} work={create}>
      <TextField
        label="Name"
        hint="Of the service that will use it."
        value={draft.name}
        set={(name) => {
          set({ name });
        }}
        input={{ required: true, maxLength: 100, autofocus: true }}
      />
      <fieldset>
        <legend>It may</legend>
        {Object.entries(scopeDescriptions).map(([scope, description]) => (
          <label key={scope} class="tick">
            <input
              type="checkbox"
              checked={draft.scopes.includes(scope)}
              onChange={() => {
                toggle(scope);
              }}
            />
            <span>
              {description} <code class="soft small">{scope}</code>
            </span>
          </label>
        ))}
      </fieldset>
      <TextField
        label="Portals"
        hint="Names or addresses between commas; all portals when left empty."
        value={draft.portals}
        set={(portals) => {
          set({ portals });
        }}
        input={verbatim}
      />
      <TextField
        label="Bitrix24 methods"
        hint={
          <>
            Only these, as <code>crm.deal.*</code>; whatever it may do otherwise when left empty.
          </>
        }
        value={draft.methods}
        set={(methods) => {
          set({ methods });
        }}
        input={verbatim}
      />
      <div class="pair">
        <Field label="Expires">
          {(ids) => (
            <select
              {...ids}
              value={draft.days}
              onChange={(event) => {
                set({ days: Number(event.currentTarget.value) });
              }}
            >
              {expiries.map(({ days, words }) => (
                <option key={days} value={days}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
        <TextField
          label="Calls a second, at most"
          hint="No limit when left empty."
          value={draft.rate}
          set={(rate) => {
            set({ rate });
          }}
          input={{ type: 'number', min: 0.01, max: 10000, step: 'any' }}
        />
      </div>
    </WorkDialog>
  );
}

function bodyOf({ name, scopes, portals, methods, days, rate }: KeyDraft): object {
  return {
    name,
    scopes,
    portals: list(portals).length > 0 ? list(portals) : 'all',
    ...(list(methods).length > 0 && { methods: list(methods) }),
    ...(days > 0 && { expiresInDays: days }),
    ...(rate !== '' && { ratePerSecond: Number(rate) }),
  };
}
