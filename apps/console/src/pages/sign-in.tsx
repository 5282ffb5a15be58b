import { useState } from 'preact/hooks';
import { call } from '../api';
import type { SignedIn } from '../api-types';
import { Field, ProblemBox } from '../parts/pieces';
import { Mark, ThemeSwitch } from '../parts/shell';
import { useRequest, useWork } from '../use-request';

interface SignInProps {
  readonly ended: boolean;
  /** Where a person who signed out here signs out of the provider, too. */
  readonly providerUrl: string | undefined;
  readonly enter: (who: SignedIn) => void;
}

/** What became of a sign-in through the provider, by the code that the gateway puts into the address. */
const returned: Readonly<Record<string, string>> = {
  not_allowed: 'You have no role at this console. Ask its administrator to give you one, then sign in again.',
  state_invalid: 'The sign-in was not begun in this browser, or more than ten minutes ago. Begin again.',
  sign_in_refused: 'The provider refused the sign-in, or its answer did not pass the checks. Begin again.',
  identity_provider_error: 'The identity provider does not answer. Try again shortly, or sign in with a key.',
  store_unavailable: 'The gateway’s store does not answer just now. Try again shortly.',
  too_many_attempts: 'There were too many attempts from your address. Wait a minute and try again.',
};

/** Reads the code once: the address is clean for the next attempt. */
function takeProblem(): string | undefined {
  const code = new URLSearchParams(location.search).get('problem');
  if (code === null) return undefined;
  history.replaceState(null, '', location.pathname);
  return Object.hasOwn(returned, code) ? returned[code] : 'The sign-in failed. Begin again.';
}

export function SignInPage({ ended, providerUrl, enter }: SignInProps) {
  const { data: ways } = useRequest(
    (signal) => call<{ provider?: string }>('GET', '/console/sign-in', undefined, signal),
    [],
  );
  const [failure] = useState(takeProblem);
  return (
    <main class="door">
      <div class="card">
        <div class="brand">
          <Mark />
          <span>b24-gateway</span>
        </div>
        <h1>Sign in to the console</h1>
        {ended && (
          <p class="box warn" role="status">
            You were signed out: the session ended, or the key it was begun with did. Sign in again.
          </p>
        )}
        {failure && (
          <p class="box bad" role="alert">
            {failure}
          </p>
        )}
        {providerUrl && (
          <p class="box good" role="status">
            You are signed out of the console. <a href={providerUrl}>Sign out of the provider as well</a>
          </p>
        )}
        {ways?.provider && <ProviderButton name={ways.provider} />}
        <KeyForm isOnlyWay={!ways?.provider} enter={enter} />
      </div>
      <ThemeSwitch />
    </main>
  );
}

function ProviderButton({ name }: { name: string }) {
  const { busy, problem, run } = useWork();
  const begin = () => {
    run(async () => {
      const to = location.pathname + location.search;
      const { url } = await call<{ url: string }>('POST', '/console/sign-in', { to });
      location.assign(url);
    });
  };
  return (
    <>
      <button type="button" class="main" disabled={busy} onClick={begin}>
        {busy ? `Opening ${name} …` : `Sign in with ${name}`}
      </button>
      {problem && <ProblemBox problem={problem} />}
      <p class="soft small">or with a key</p>
    </>
  );
}

function KeyForm({ isOnlyWay, enter }: Pick<SignInProps, 'enter'> & { readonly isOnlyWay: boolean }) {
  const [key, setKey] = useState('');
  const { busy, problem, run } = useWork();
  const signIn = (event: Event) => {
    event.preventDefault();
    run(async () => {
      enter(await call<SignedIn>('POST', '/console/session', { key: key.trim() }));
    });
  };
  return (
    <form onSubmit={signIn}>
      <Field
        label="Administrator’s key"
        hint={
          <>
            <code>npm start</code> keeps it in <code>data/admin-key</code>; any client key with the scope{' '}
            <code>admin</code> works too.
          </>
        }
      >
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            required
            autofocus
            value={key}
            onInput={(event) => {
              setKey(event.currentTarget.value);
            }}
          />
        )}
      </Field>
      {problem && <ProblemBox problem={problem} />}
      <button type="submit" class={isOnlyWay ? 'main' : ''} disabled={busy}>
        {busy ? 'Signing in …' : 'Sign in'}
      </button>
      <p class="soft small">
        The key is sent once and not kept in this browser: a cookie that pages cannot read stands for it.
      </p>
    </form>
  );
}
