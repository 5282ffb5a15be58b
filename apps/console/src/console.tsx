import { useEffect, useState } from 'preact/hooks';
import { call, signedOut } from './api';
import type { OpenApi, SignedIn } from './api-types';
import { AppsPage } from './pages/apps';
import { AuditPage } from './pages/audit';
import { CallsPage } from './pages/calls';
import { ConnectPage } from './pages/connect';
import { EventsPage } from './pages/events';
import { JobPage } from './pages/job';
import { JobsPage } from './pages/jobs';
import { KeysPage } from './pages/keys';
import { PortalPage } from './pages/portal';
import { PortalsPage } from './pages/portals';
import { SandboxPage } from './pages/sandbox';
import { SignInPage } from './pages/sign-in';
import { SubscriptionPage } from './pages/subscription';
import { TryPage } from './pages/try';
import { Empty, Loading } from './parts/pieces';
import { loadDocument, Shell } from './parts/shell';
import { Link, usePath } from './router';

type Session = SignedIn | 'unknown' | 'none' | 'ended';

export function Console() {
  const path = usePath();
  const [session, setSession] = useState<Session>('unknown');
  const [document, setDocument] = useState<OpenApi>();
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
  if (!who) return <SignInPage ended={session === 'ended'} enter={setSession} />;
  const leave = () => {
    void call('DELETE', '/console/session').finally(() => {
      setSession('none');
    });
  };
  return (
    <Shell path={path} who={who} document={document} leave={leave}>
      <PageAt path={path} document={document} who={who} />
    </Shell>
  );
}

interface PageAtProps {
  readonly path: string;
  readonly document: OpenApi | undefined;
  readonly who: SignedIn;
}

function PageAt({ path, document, who }: PageAtProps) {
  const [, room = '', name = ''] = path.split('/');
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
    case 'calls':
      return <CallsPage />;
    case 'jobs':
      return name === '' ? <JobsPage /> : <JobPage key={name} id={decodeURIComponent(name)} />;
    case 'events':
      return name === '' ? <EventsPage /> : <SubscriptionPage key={name} id={decodeURIComponent(name)} />;
    case 'audit':
      return <AuditPage document={document} />;
    case 'sandbox':
      return who.sandbox ? <SandboxPage /> : <NoPage />;
    default:
      return <NoPage />;
  }
}

function NoPage() {
  return (
    <Empty title="There is no such page">
      <p>
        The address may be mistyped. <Link to="/">Go to the portals</Link>.
      </p>
    </Empty>
  );
}
