import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ApiProblem } from '../api';
import type { Status } from '../api-types';
import { useWork } from '../use-request';
import { statusWords, type Tone } from '../words';

/* The small things every page is made of. */

export function Chip({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`chip ${tone}`}>{children}</span>;
}

/** `isKnown` is false where the gateway can't be asked just now: what it said before is no status of now. */
export function StatusChip({ status, isKnown }: { status: Status; isKnown: boolean }) {
  const { label, tone } = statusWords[status];
  if (isKnown) return <Chip tone={tone}>{label}</Chip>;
  return (
    <span title={`“${label}” when last heard of`}>
      <Chip tone="off">Not known</Chip>
    </span>
  );
}

/** What went wrong and what to do, with what to quote to whoever runs the gateway. */
export function ProblemBox({ problem, reload }: { problem: ApiProblem; reload?: () => void }) {
  const { title, detail, code, requestId, errors, upstream, authorizeUrl, retryable } = problem;
  return (
    <div class="box bad" role="alert">
      <h2>{title}</h2>
      <p>{detail}</p>
      {errors && (
        <ul>
          {errors.map(({ path, message }) => (
            <li key={path}>
              <code>{path}</code>: {message}
            </li>
          ))}
        </ul>
      )}
      {upstream && (
        <p>
          The portal said: <q>{upstream.description || upstream.error}</q>
        </p>
      )}
      {retryable && <p>The same can be tried again as it is.</p>}
      {authorizeUrl && (
        <p>
          <a class="button" href={authorizeUrl} target="_blank" rel="noopener noreferrer">
            Allow the app again
          </a>
        </p>
      )}
      <p class="soft small">
        Code <code>{code}</code>
        {requestId && (
          <>
            {' '}
            · request <code>{requestId}</code>
          </>
        )}
      </p>
      {reload && (
        <button type="button" onClick={reload}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div class="loading" role="status">
      <span class="spinner" aria-hidden="true" />
      {what}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** A button below a list that loads what follows. */
export function MoreButton({ label, more }: { label: string; more: () => void }) {
  return (
    <p class="pager">
      <button type="button" onClick={more}>
        {label}
      </button>
    </p>
  );
}

/** The page of a thing that could not be loaded. */
export function NotLoaded({ what, problem, reload, back }: NotLoadedProps) {
  return (
    <>
      <h1>{what}</h1>
      <ProblemBox problem={problem} reload={reload} />
      <p>{back}</p>
    </>
  );
}

interface NotLoadedProps {
  readonly what: string;
  readonly problem: ApiProblem;
  readonly reload: () => void;
  /** A link to the list that it is in. */
  readonly back: ComponentChildren;
}

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    // Only pages by HTTPS or on this machine may use the clipboard; elsewhere one selects and copies by hand.
    void navigator.clipboard?.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => {
        setCopied(false);
      }, 2000);
    });
  };
  return (
    <button type="button" class="quiet" onClick={copy} aria-live="polite">
      {copied ? 'Copied' : label}
    </button>
  );
}

interface DialogProps {
  readonly title: string;
  readonly close: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own dialog: it keeps the keyboard inside and gives it back. */
function Dialog({ title, close, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" class="quiet icon" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface WorkDialogProps extends DialogProps {
  /** What its button says, and whether that can't be undone. */
  readonly act: string;
  readonly tone?: 'main' | 'danger';
  /** What the way out says. */
  readonly keep?: string;
  /** All that it needs is there. */
  readonly ready?: boolean;
  readonly work: () => Promise<void>;
}

/** Asks before it does something; when that fails, it stays and says why. */
export function WorkDialog({
  act,
  tone = 'main',
  keep = 'Cancel',
  ready = true,
  work,
  children,
  ...it
}: WorkDialogProps) {
  const { busy, problem, run } = useWork();
  const submit = (event: Event) => {
    event.preventDefault();
    run(work);
  };
  return (
    <Dialog {...it}>
      <form onSubmit={submit}>
        {children}
        {problem && <ProblemBox problem={problem} />}
        <p class="actions">
          <button type="submit" class={tone} disabled={busy || !ready}>
            {act}
          </button>
          <button type="button" class="quiet" onClick={it.close}>
            {keep}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly children: (ids: { id: string; 'aria-describedby'?: string }) => ComponentChildren;
}

/** A labelled input; the hint is read out with it. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, ...(hint !== undefined && { 'aria-describedby': hintId }) })}
      {hint !== undefined && (
        <p class="hint" id={hintId}>
          {typeof hint === 'string' ? <Worded text={hint} /> : hint}
        </p>
      )}
    </div>
  );
}

/** Words of the API's document, where backticks mark what is typed as it is. */
export function Worded({ text }: { text: string }) {
  return <>{text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part))}</>;
}

/** What may stand in a line, in the browser's words. */
interface LineRules {
  readonly type?: 'text' | 'password' | 'number';
  readonly inputMode?: 'url';
  readonly required?: boolean;
  readonly autofocus?: boolean;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
  readonly step?: 'any';
  readonly pattern?: string;
  readonly placeholder?: string;
  readonly autocomplete?: 'off';
  readonly autocapitalize?: 'none';
  readonly spellcheck?: boolean;
}

interface TextFieldProps extends Pick<FieldProps, 'label' | 'hint'> {
  readonly value: string;
  readonly set: (value: string) => void;
  readonly input?: LineRules;
}

/** A labelled line of text; `input` says what may stand in it. */
export function TextField({ value, set, input, ...field }: TextFieldProps) {
  return (
    <Field {...field}>
      {(ids) => (
        <input
          {...ids}
          // Preact's types want to know the kind of input before anything else.
          {...(input as object)}
          value={value}
          onInput={(event) => {
            set(event.currentTarget.value);
          }}
        />
      )}
    </Field>
  );
}

/** For names, addresses and ids: nothing is corrected in them. */
export const verbatim = { autocapitalize: 'none', spellcheck: false } as const;

/** What services may call a portal by. */
export function ShortName(it: Pick<TextFieldProps, 'label' | 'value' | 'set'>) {
  return (
    <TextField
      {...it}
      hint="Lower-case letters, digits and dashes; services may call the portal by it."
      input={{ ...verbatim, pattern: '[a-z0-9][a-z0-9\\-]{0,62}' }}
    />
  );
}

export function Tile({
  label,
  value,
  tone,
  children,
}: {
  label: string;
  value: ComponentChildren;
  tone?: Tone;
  children?: ComponentChildren;
}) {
  return (
    <div class={`tile ${tone ?? ''}`}>
      <span class="label">{label}</span>
      <span class="value">{value}</span>
      {children && <span class="soft small">{children}</span>}
    </div>
  );
}
