import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Portal } from '../api-types';
import { Field, verbatim } from './pieces';

/* The filters above a list. */

interface FilterProps {
  readonly label: string;
  readonly value: string;
  readonly choose: (value: string) => void;
}

/** A list of options, the first of which is any. */
export function Choice({ label, value, choose, children }: FilterProps & { readonly children: ComponentChildren }) {
  return (
    <Field label={label}>
      {(ids) => (
        <select
          {...ids}
          value={value}
          onChange={(event) => {
            choose(event.currentTarget.value);
          }}
        >
          <option value="">any</option>
          {children}
        </select>
      )}
    </Field>
  );
}

/** A word that is taken as it is. @param list the id of a list of words to choose from */
export function WordField({ label, value, choose, list }: FilterProps & { readonly list?: string }) {
  // Preact's types want to know the kind of input before its list.
  const listed: object = list === undefined ? {} : { list };
  return (
    <Field label={label}>
      {(ids) => (
        <input
          {...ids}
          {...verbatim}
          {...listed}
          value={value}
          onInput={(event) => {
            choose(event.currentTarget.value.trim());
          }}
        />
      )}
    </Field>
  );
}

export function TimeField({ label, value, choose }: FilterProps) {
  return (
    <Field label={label}>
      {(ids) => (
        <input
          {...ids}
          type="datetime-local"
          value={value}
          onInput={(event) => {
            choose(event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

interface PortalFieldProps extends Omit<FilterProps, 'label'> {
  readonly portals: readonly Portal[] | undefined;
}

/** A portal by its name, with the known ones to choose from. */
export function PortalField({ value, choose, portals }: PortalFieldProps) {
  const list = useId();
  return (
    <>
      <WordField label="Portal" value={value} choose={choose} list={list} />
      <datalist id={list}>
        {portals?.map(({ memberId, alias, domain }) => (
          <option key={memberId} value={alias ?? domain} />
        ))}
      </datalist>
    </>
  );
}
