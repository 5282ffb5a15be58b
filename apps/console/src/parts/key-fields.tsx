import { scopeDescriptions } from '../../../../libs/client/src/generated/scopes.gen';
import type { KeyDraft } from './key-changes';
import { Field, TextField, verbatim } from './pieces';

interface ExpiryChoice {
  readonly value: string;
  readonly words: string;
}

interface KeyFieldsProps {
  readonly draft: KeyDraft;
  readonly set: (changes: Partial<KeyDraft>) => void;
  readonly expiries: readonly ExpiryChoice[];
}

/** The fields of a new key, or of one that is changed. */
export function KeyFields({ draft, set, expiries }: KeyFieldsProps) {
  return (
    <>
      <TextField
        label="Name"
        hint="Of the service that uses it."
        value={draft.name}
        set={(name) => {
          set({ name });
        }}
        input={{ required: true, maxLength: 100, autofocus: true }}
      />
      <ScopeFields draft={draft} set={set} />
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
              value={draft.expiry}
              onChange={(event) => {
                set({ expiry: event.currentTarget.value });
              }}
            >
              {expiries.map(({ value, words }) => (
                <option key={value} value={value}>
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
    </>
  );
}

function ScopeFields({ draft: { scopes }, set }: Pick<KeyFieldsProps, 'draft' | 'set'>) {
  const toggle = (scope: string) => {
    set({ scopes: scopes.includes(scope) ? scopes.filter((it) => it !== scope) : [...scopes, scope] });
  };
  return (
    <fieldset>
      <legend>It may</legend>
      {Object.entries(scopeDescriptions).map(([scope, description]) => (
        <label key={scope} class="tick">
          <input
            type="checkbox"
            checked={scopes.includes(scope)}
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
  );
}
