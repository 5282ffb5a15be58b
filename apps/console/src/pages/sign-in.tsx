import { useState } from 'preact/hooks';
import { call } from '../api';
import type { SignedIn } from '../api-types';
import { Field, ProblemBox } from '../parts/pieces';
import { Mark, ThemeSwitch } from '../parts/shell';
import { useWork } from '../use-request';

export function SignInPage({ ended, enter }: { ended: boolean; enter: (who: SignedIn) => void }) {
  const [key, setKey] = useState('');
  const { busy, problem, run } = useWork();
  const signIn = (event: Event) => {
    event.preventDefault();
    run(async () => {
      enter(await call<SignedIn>('POST', '/console/session', { key: key.trim() }));
    });
  };
  return (
    <main class="door">
      <form class="card" onSubmit={signIn}>
        <div class="brand">
          <Mark />
          <span>b24-gateway</span>
        </div>
        <h1>Sign in to the console</h1>
        {ended && !problem && (
          <p class="box warn" role="status">
            You were signed out: the session ended, or the key it was begun with did. Sign in again.
          </p>
        )}
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
        <button type="submit" class="main" disabled={busy}>
          {busy ? 'Signing in …' : 'Sign in'}
        </button>
        <p class="soft small">
          The key is sent once and not kept in this browser: a cookie that pages cannot read stands for it.
        </p>
      </form>
      <ThemeSwitch />
    </main>
  );
}
