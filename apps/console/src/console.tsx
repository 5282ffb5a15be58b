import { useEffect, useState } from 'preact/hooks';
import { call, signedOut } from './api';
import type { OpenApi, SignedIn } from './api-types';
import { AppsPage } from './pages/apps';
import { AuditPage } from './pages/audit';
import { ConnectPage } from './pages/connect';
import { JobsPage } from './pages/jobs';
import { KeysPage } from './pages/keys';
import { mayRun, SignedInContext } from './may';
import { PortalPage } from './pages/portal';
import { PortalsPage } from './pages/portals';
import { SessionsPage } from './pages/sessions';
import { SignInPage } from './pages/sign-in';
import { TryPage } from './pages/try';
import { Empty, Loading } from './parts/pieces';
import { loadDocument, Shell } from './parts/shell';
import { Link, usePath } from './router';

type Session = SignedIn | 'unknown' | 'none' | 'ended';

/** Pages that only change something, and the operation that they offer. */
const offeredBy: Readonly<Record<string, string>> = { connect: 'addPortalByWebhook', try: 'callMethod' };

export function Console() {
  const path = usePath();
  const [session, setSession] = useState<Session>('unknown');
  const [document, setDocument] = useState<OpenApi>();
  const [providerUrl, setProviderUrl] = useState<string>();
  useEffect(() => {
    call<SignedIn>('GET', '/console/session').then(setSession, () => {
      setSession('none');
    });
    const end = () => {
      setSession((it) => (typeof it === 'object' ? 'ended' : it));
    };
    signedOut.addEventListener('signed-out', end);
    return () => {
      signedOut.removeEventListener('signed-out', end);
    };
  }, []);
  const who = typeof session === 'object' ? session : undefined;
  useEffect(() => {
    if (who) loadDocument().then(setDocument, () => undefined);
  }, [who]);
  if (session === 'unknown') return <Loading what="Opening the console …" />;
  if (!who) return <SignInPage ended={session === 'ended'} providerUrl={providerUrl} enter={setSession} />;
  const leave = () => {
    void call<{ providerUrl?: string }>('DELETE', '/console/session')
      .then((left) => {
        setProviderUrl(left.providerUrl);
      })
      .finally(() => {
        setSession('none');
      });
  };
  return (
    <SignedInContext.Provider value={who}>
      <Shell path={path} who={who} document={document} leave={leave}>
        <PageAt path={path} who={who} document={document} />
      </Shell>
    </SignedInContext.Provider>
  );
}

function PageAt({ path, who, document }: { path: string; who: SignedIn; document: OpenApi | undefined }) {
  const [, room = '', name = ''] = path.split('/');
  const offered = offeredBy[room];
  if (offered && !mayRun(who, offered))
    return (
      <Empty title="Your role can’t do this">
        <p>
          Ask an administrator of the console. <Link to="/">Go to the portals</Link>.
        </p>
      </Empty>
    );
  switch (room) {
    case '':
      return <PortalsPage />;
    case 'portals':
      return <PortalPage key={name} name={decodeURIComponent(name)} />;
    case 'connect':
      return <ConnectPage />;
    case 'try':
      return <TryPage document={document} portal={decodeURIComponent(name)} />;
    case 'keys':
      return <KeysPage />;
    case 'apps':
      return <AppsPage />;
    case 'jobs':
      return <JobsPage />;
    case 'sessions':
      return <SessionsPage />;
    case 'audit':
      return <AuditPage document={document} />;
    default:
      return (
        <Empty title="There is no such page">
          <p>
            The address may be mistyped. <Link to="/">Go to the portals</Link>.
          </p>
        </Empty>
      );
  }
}
