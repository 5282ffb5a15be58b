import { useEffect, useState } from 'preact/hooks';
import { call, Refused } from '../api';
import type { Portal } from '../api-types';
import { CopyButton, ProblemBox, ShortName, TextField, verbatim } from '../parts/pieces';
import { Link } from '../router';
import { useWork } from '../use-request';

const lookEveryMs = 2000;

export function ConnectPage() {
  const [way, setWay] = useState<'app' | 'webhook'>('app');
  return (
    <>
      <div class="title">
        <h1>Connect a portal</h1>
      </div>
      <div class="ways" role="radiogroup" aria-label="How">
        <Way
          chosen={way === 'app'}
          choose={() => {
            setWay('app');
          }}
          title="Through the app"
          words="For good: an administrator of the portal allows the app. Recommended."
        />
        <Way
          chosen={way === 'webhook'}
          choose={() => {
            setWay('webhook');
          }}
          title="By incoming webhook"
          words="For a quick try: paste a webhook’s address from the portal."
        />
      </div>
      {way === 'app' ? <ByApp /> : <ByWebhook />}
    </>
  );
}

function Way({ chosen, choose, title, words }: { chosen: boolean; choose: () => void; title: string; words: string }) {
  return (
    <label class="way">
      <input type="radio" name="way" checked={chosen} onChange={choose} />
      <span>
        <strong>{title}</strong>
        <span class="soft small block">{words}</span>
      </span>
    </label>
  );
}

function ByApp() {
  const [domain, setDomain] = useState('');
  const [waiting, setWaiting] = useState(false);
  const [host = ''] = domain
    .trim()
    .replace(/^https?:\/\//i, '')
    .toLowerCase()
    .split('/', 1);
  const link = `${location.origin}/install?portal=${encodeURIComponent(host)}`;
  const portal = useArrival(waiting ? host : undefined);
  const open = (event: Event) => {
    event.preventDefault();
    // In a tab of its own: the portal asks for its password there, and this page goes on.
    window.open(link, '_blank', 'noopener');
    setWaiting(true);
  };
  return (
    <form class="card narrow" onSubmit={open}>
      <TextField
        label="Address of the portal"
        hint="You go to the portal, sign in there as an administrator and allow the app."
        value={domain}
        set={(value) => {
          setDomain(value);
          setWaiting(false);
        }}
        input={{
          ...verbatim,
          inputMode: 'url',
          placeholder: 'company.bitrix24.com',
          required: true,
          maxLength: 253,
        }}
      />
      <p class="actions">
        <button type="submit" class="main">
          Continue to the portal
        </button>
        {host && <CopyButton text={link} label="Copy the link for somebody else" />}
      </p>
      {waiting && (
        <div class={`box ${portal ? 'good' : ''}`} role="status">
          {portal ? (
            <>
              <h2>{portal.domain} is connected</h2>
              <p>
                <Link to={`/portals/${portal.memberId}`}>Open its page</Link> or{' '}
                <Link to={`/try/${portal.memberId}`}>try a call</Link>.
              </p>
            </>
          ) : (
            <>
              <h2>
                <span class="spinner" aria-hidden="true" /> Waiting for {host}
              </h2>
              <p>Allow the app in the other tab; it shows here as soon as the portal is connected.</p>
            </>
          )}
        </div>
      )}
    </form>
  );
}

/** The portal, once it works; looked for again and again. */
function useArrival(host: string | undefined): Portal | undefined {
  const [portal, setPortal] = useState<Portal>();
  useEffect(() => {
    setPortal(undefined);
    if (!host) return;
    let timer: number | undefined;
    const look = () => {
      call<Portal>('GET', `/v1/portals/${encodeURIComponent(host)}`).then(
        (found) => {
          if (found.status === 'active') setPortal(found);
          else timer = window.setTimeout(look, lookEveryMs);
        },
        (error: unknown) => {
          if (error instanceof Refused && error.problem.status === 400) return;
          timer = window.setTimeout(look, lookEveryMs);
        },
      );
    };
    timer = window.setTimeout(look, lookEveryMs);
    return () => {
      clearTimeout(timer);
    };
  }, [host]);
  return portal;
}

function ByWebhook() {
  const [url, setUrl] = useState('');
  const [alias, setAlias] = useState('');
  const [portal, setPortal] = useState<Portal>();
  const { busy, problem, run } = useWork();
  const add = (event: Event) => {
    event.preventDefault();
    setPortal(undefined);
    run(async () => {
      const wanted = { webhookUrl: url.trim(), ...(alias && { alias }) };
      setPortal(await call<Portal>('POST', '/v1/portals', wanted));
      setUrl('');
    });
  };
  return (
    <form class="card narrow" onSubmit={add}>
      <TextField
        label="Address of the webhook"
        hint="In Bitrix24: Developer resources, Other, Inbound webhook. It is a secret: it is kept encrypted and never shown again."
        value={url}
        set={setUrl}
        input={{
          ...verbatim,
          type: 'password',
          autocomplete: 'off',
          placeholder: 'https://company.bitrix24.com/rest/1/…/',
          required: true,
          maxLength: 512,
        }}
      />
      <ShortName label="Short name (optional)" value={alias} set={setAlias} />
      {problem && <ProblemBox problem={problem} />}
      <p class="actions">
        <button type="submit" class="main" disabled={busy}>
          {busy ? 'Trying the webhook …' : 'Connect'}
        </button>
      </p>
      {portal && (
        <div class="box good" role="status">
          <h2>{portal.domain} is connected</h2>
          <p>
            <Link to={`/portals/${portal.memberId}`}>Open its page</Link> or{' '}
            <Link to={`/try/${portal.memberId}`}>try a call</Link>.
          </p>
        </div>
      )}
    </form>
  );
}
