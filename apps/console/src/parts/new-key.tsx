import { useState } from 'preact/hooks';
import { call } from '../api';
import type { ShownKey } from '../api-types';
import { useWork } from '../use-asked';
import { scopeWords } from '../words';
import { Dialog, Field, ProblemBox } from './pieces';

const expiries = [
  { days: 0, words: 'Never' },
  { days: 30, words: 'In 30 days' },
  { days: 90, words: 'In 90 days' },
  { days: 365, words: 'In a year' },
];

/** Words between commas, spaces or lines. */
const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);

interface Wish {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly portals: string;
  readonly methods: string;
  readonly days: number;
  readonly rate: string;
}

const nothing: Wish = { name: '', scopes: ['backlog:read'], portals: '', methods: '', days: 0, rate: '' };

export function NewKey({ close, done }: { close: () => void; done: (key: ShownKey) => void }) {
  const [wish, setWish] = useState(nothing);
  const { busy, problem, run } = useWork();
  const set = (changes: Partial<Wish>) => {
    setWish((it) => ({ ...it, ...changes }));
  };
  const toggle = (scope: string) => {
    set({ scopes: wish.scopes.includes(scope) ? wish.scopes.filter((it) => it !== scope) : [...wish.scopes, scope] });
  };
  const create = (event: Event) => {
    event.preventDefault();
    run(async () => {
      done(await call<ShownKey>('POST', '/v1/clients', bodyOf(wish)));
    });
  };
  return (
    <Dialog title="New client key" close={close}>
      <form onSubmit={create}>
        <Field label="Name" hint="Of the service that will use it.">
          {(ids) => (
            <input
              {...ids}
              required
              maxLength={100}
              autofocus
              value={wish.name}
              onInput={(event) => {
                set({ name: event.currentTarget.value });
              }}
            />
          )}
        </Field>
        <fieldset>
          <legend>It may</legend>
          {scopeWords.map(({ scope, words }) => (
            <label key={scope} class="tick">
              <input
                type="checkbox"
                checked={wish.scopes.includes(scope)}
                onChange={() => {
                  toggle(scope);
                }}
              />
              <span>
                {words} <code class="soft small">{scope}</code>
              </span>
            </label>
          ))}
        </fieldset>
        <Field label="Portals" hint="Names or addresses between commas; all portals when left empty.">
          {(ids) => (
            <input
              {...ids}
              autocapitalize="none"
              spellcheck={false}
              value={wish.portals}
              onInput={(event) => {
                set({ portals: event.currentTarget.value });
              }}
            />
          )}
        </Field>
        <Field
          label="Bitrix24 methods"
          hint={
            <>
              Only these, as <code>crm.deal.*</code>; whatever it may do otherwise when left empty.
            </>
          }
        >
          {(ids) => (
            <input
              {...ids}
              autocapitalize="none"
              spellcheck={false}
              value={wish.methods}
              onInput={(event) => {
                set({ methods: event.currentTarget.value });
              }}
            />
          )}
        </Field>
        <div class="pair">
          <Field label="Expires">
            {(ids) => (
              <select
                {...ids}
                value={wish.days}
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
          <Field label="Calls a second, at most" hint="No limit when left empty.">
            {(ids) => (
              <input
                {...ids}
                type="number"
                min={0.01}
                max={10000}
                step="any"
                value={wish.rate}
                onInput={(event) => {
                  set({ rate: event.currentTarget.value });
                }}
              />
            )}
          </Field>
        </div>
        {problem && <ProblemBox problem={problem} />}
        <p class="actions">
          <button type="submit" class="main" disabled={busy || wish.scopes.length === 0}>
            Make the key
          </button>
          <button type="button" class="quiet" onClick={close}>
            Cancel
          </button>
        </p>
      </form>
    </Dialog>
  );
}

function bodyOf({ name, scopes, portals, methods, days, rate }: Wish): object {
  return {
    name,
    scopes,
    portals: list(portals).length > 0 ? list(portals) : 'all',
    ...(list(methods).length > 0 && { methods: list(methods) }),
    ...(days > 0 && { expiresInDays: days }),
    ...(rate !== '' && { ratePerSecond: Number(rate) }),
  };
}
